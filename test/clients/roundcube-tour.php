<?php
// A tour of Roundcube's own IMAP client. `php roundcube-tour.php PORT USER PASSWORD`; dies at the first surprise, prints each step.
[, $port, $user, $password] = $argv;
$lib = '/usr/share/roundcube/program/lib/Roundcube';
require_once "$lib/bootstrap.php";
error_reporting(E_ALL & ~E_DEPRECATED);

function same($what, $got, $wanted, $more = null): void
{
    if ($got !== $wanted) {
        fwrite(STDERR, "$what: " . json_encode($got) . ' instead of ' . json_encode($wanted) . ' ' . json_encode($more) . "\n");
        exit(1);
    }
}

function sign_in(int $port, string $user, string $password): rcube_imap_generic
{
    $imap = new rcube_imap_generic();
    $imap->connect('127.0.0.1', $user, $password, ['port' => $port, 'auth_type' => 'PLAIN', 'timeout' => 20, 'ssl_mode' => null]);
    return $imap;
}

function message(int $n): string
{
    $answered = $n > 1 ? 'In-Reply-To: <rc' . ($n - 1) . "@example.org>\r\nReferences: <rc" . ($n - 1) . "@example.org>\r\n" : '';
    return "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: number $n\r\nDate: Mon, 5 Jan 2026 10:00:0"
        . ($n % 10) . " +0000\r\nMessage-ID: <rc$n@example.org>\r\n{$answered}MIME-Version: 1.0\r\n"
        . "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext $n\r\n--x\r\nContent-Type: text/plain; name=a.txt\r\n"
        . "Content-Transfer-Encoding: base64\r\n\r\naGVq\r\n--x--\r\n";
}

same('a wrong password', sign_in($port, $user, 'wrong')->connected(), false);
$imap = sign_in($port, $user, $password);
same('signed in', $imap->connected(), true);
foreach (['IDLE', 'CONDSTORE', 'QRESYNC', 'SORT', 'ESEARCH', 'LIST-EXTENDED', 'LIST-STATUS', 'UIDONLY', 'BINARY', 'METADATA', 'ACL'] as $name) {
    same($name, (bool) $imap->getCapability($name), true);
}
same('enable', in_array('QRESYNC', (array) $imap->enable('QRESYNC')), true);
echo "signing_in\n";

$box = 'Roundcube/Ärenden';
$name = rcube_charset::convert($box, 'UTF-8', 'UTF7-IMAP');
same('create', $imap->createFolder($name), true);
same('subscribe', $imap->subscribe($name), true);
$listed = $imap->listMailboxes('', '*', ['SUBSCRIBED', 'SPECIAL-USE']);
same('listed', isset($listed[$name]), true, $listed);
for ($n = 1; $n <= 5; $n++) {
    $mail = message($n);
    same("append $n", (bool) $imap->append($name, $mail, $n === 1 ? ['FLAGGED'] : []), true);
}
same('select', $imap->select($name), true);
same('how many', $imap->data['EXISTS'], 5);
echo "listing\n";

$headers = $imap->fetchHeaders($name, '1:5', true, true);
same('headers', count($headers), 5);
same('a subject', $headers[3]->subject, 'number 3');
same('a part', trim($imap->handlePartBody($name, 2, true, '1')), 'text 2');
same('a decoded part', $imap->handlePartBody($name, 2, true, '2', 'base64'), 'hej');
same('unseen', $imap->countUnseen($name), 5);
echo "reading\n";

same('flag', $imap->flag($name, '2,3', 'SEEN'), true);
same('keyword', $imap->flag($name, '3', '$Work'), true);
same('unflag', $imap->unflag($name, '1', 'FLAGGED'), true);
same('unseen', (int) $imap->status($name, ['UNSEEN'])['UNSEEN'], 3);
$changed = $imap->fetchHeaders($name, '3', true);
same('flags', $changed[3]->flags['SEEN'] ?? false, true);
echo "flagging\n";

same('search', $imap->search($name, 'HEADER SUBJECT "number 4"', true, ['ALL', 'COUNT'])->get(), ['4']);
same('sort', $imap->sort($name, 'SUBJECT', 'ALL', true, 'UTF-8')->get(), ['1', '2', '3', '4', '5']);
$threads = $imap->thread($name, 'REFS', 'ALL', true, 'UTF-8');
same('threads', $threads->count(), 1);
same('in threads', $threads->count_messages(), 5);
echo "searching\n";

same('copy', (bool) $imap->copy('1', $name, 'Archive'), true);
same('move', (bool) $imap->move('1,2', $name, 'Trash'), true);
same('delete', $imap->flag($name, '3', 'DELETED'), true);
same('expunge', $imap->expunge($name, '3'), true);
same('left', $imap->status($name, ['MESSAGES'])['MESSAGES'] ?? null, '2');
echo "moving\n";

same('rights', (bool) $imap->setACL($name, 'bo@example.com', 'lrs'), true);
same('and who', isset($imap->getACL($name)['bo@example.com']), true);
same('metadata', $imap->setMetadata($name, ['/private/comment' => 'a note']), true);
same('and back', $imap->getMetadata($name, ['/private/comment'])[$name]['/private/comment'] ?? null, 'a note');
same('quota', is_array($imap->getQuota()), true);
same('close', $imap->close(), true);
same('remove', $imap->deleteFolder($name), true);
$imap->closeConnection();
echo "leaving\n";
