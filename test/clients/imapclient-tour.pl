# A tour of Perl's Mail::IMAPClient: the methods that scripts use. `imapclient-tour.pl PORT TLSPORT USER PASSWORD [compress]`
#
# Dies at the first surprise, prints the name of each step that went well.
use strict;
use warnings;
use utf8;
use IO::Socket::SSL;
use Mail::IMAPClient;

my ($port, $tls_port, $user, $password, $compresses) = @ARGV;
my @no_check = (SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE());
$| = 1;

sub ok {
    my ($imap, $what, @answer) = @_;
    die "$what: " . ($imap->LastError // 'no error') . "\n" unless @answer && defined $answer[0];
    return wantarray ? @answer : $answer[0];
}

sub same {
    my ($what, $got, $wanted) = @_;
    die "$what: $got instead of $wanted\n" unless $got eq $wanted;
}

sub message {
    my ($subject, $text) = @_;
    (my $id = $subject) =~ s/\W+/-/g;
    return "From: Bob <bob\@example.org>\r\nSubject: $subject\r\nMessage-ID: <$id\@example.org>\r\n\r\n$text\r\n";
}

sub sign_in {
    my %how = (Server => '127.0.0.1', Port => $port, User => $user, Password => $password, Uid => 1, @_);
    return Mail::IMAPClient->new(%how) || die "signing in: $@\n";
}

sub step {
    my ($name, $work) = @_;
    $work->();
    print "$name\n";
}

step signing_in => sub {
    die "a wrong password is taken\n" if Mail::IMAPClient->new(
        Server => '127.0.0.1', Port => $port, User => $user, Password => 'wrong');
    for my $how ([], [Starttls => [@no_check]], [Port => $tls_port, Ssl => [@no_check]]) {
        for my $mechanism ('PLAIN', 'LOGIN', undef) {
            my $imap = sign_in(@$how, defined $mechanism ? (Authmechanism => $mechanism) : ());
            ok($imap, 'noop', $imap->noop);
            die "not signed in\n" unless $imap->IsAuthenticated;
            ok($imap, 'logout', $imap->logout);
        }
    }
};

my $imap = sign_in();

step compressing => sub {
    ok($imap, 'compress', $imap->compress);
    ok($imap, 'noop', $imap->noop);
} if $compresses;

step mailboxes => sub {
    same('the separator', $imap->separator, '/');
    ok($imap, 'create', $imap->create('Perl/Inner "quoted"'));
    ok($imap, 'subscribe', $imap->subscribe('Perl/Inner "quoted"'));
    same('folders', join('|', grep { /Perl/ } $imap->folders), 'Perl|Perl/Inner "quoted"');
    same('below Perl', join('|', $imap->folders('Perl/')), 'Perl/Inner "quoted"');
    same('subscribed', join('|', grep { /Perl/ } $imap->subscribed), 'Perl|Perl/Inner "quoted"');
    die "it is there\n" unless $imap->exists('Perl');
    die "it is not there\n" if $imap->exists('Nowhere');
    ok($imap, 'rename', $imap->rename('Perl/Inner "quoted"', 'Perl/Other'));
    ok($imap, 'delete', $imap->delete('Perl/Other'));
    die "no selectable parent\n" unless $imap->is_parent('Perl') eq '0';
    ok($imap, 'namespace', $imap->namespace);
};

my @uids;
step appending => sub {
    ok($imap, 'select', $imap->select('Perl'));
    push @uids, ok($imap, 'append', $imap->append('Perl', message("number $_", "text $_"))) for 1 .. 20;
    push @uids, ok($imap, 'append_string',
        $imap->append_string('Perl', message('flagged', 'x'), '\Flagged $Work', ' 1-Jan-2024 12:00:00 +0100'));
    same('how many', $imap->message_count('Perl'), 21);
    same('the next UID', $imap->uidnext('Perl'), $uids[-1] + 1);
};

step fetching => sub {
    same('a text', $imap->bodypart_string($uids[2], 1), "text 3\r\n");
    same('a whole message', $imap->message_string($uids[2]), message('number 3', 'text 3'));
    same('a subject', $imap->subject($uids[4]), 'number 5');
    my $headers = ok($imap, 'parse_headers', scalar $imap->parse_headers([@uids], 'Subject', 'Message-ID'));
    same('headers', $headers->{ $uids[9] }{Subject}[0], 'number 10');
    my $hash = ok($imap, 'fetch_hash', scalar $imap->fetch_hash([@uids], 'RFC822.SIZE', 'FLAGS', 'BODY.PEEK[HEADER.FIELDS (Subject)]'));
    same('hashes', scalar keys %$hash, 21);
    die "flags: $hash->{$uids[-1]}{FLAGS}\n" unless $hash->{ $uids[-1] }{FLAGS} =~ /\\Flagged.*\$Work|\$Work.*\\Flagged/;
    same('a date', $imap->internaldate($uids[-1]), ' 1-Jan-2024 11:00:00 +0000');
    my $structure = ok($imap, 'bodystructure', $imap->get_bodystructure($uids[0]));
    same('a type', lc $structure->bodytype . '/' . lc $structure->bodysubtype, 'text/plain');
    same('a sender', $imap->get_envelope($uids[0])->from_addresses, 'Bob <bob@example.org>');
};

step searching => sub {
    same('unseen', join(' ', @{ $imap->unseen }), join(' ', grep { $_ != $uids[2] } @uids));
    same('a subject', join(' ', @{ $imap->search('SUBJECT', 'number 7') }), $uids[6]);
    same('nothing', scalar @{ $imap->search('SUBJECT', 'nothing at all') || [] }, 0);
    my $word = 'räksmörgås';
    utf8::encode($word);
    my $uid = ok($imap, 'append', $imap->append('Perl', message('fish', $word)));
    same('8-bit octets in quotes', join(' ', @{ $imap->search(qq(CHARSET UTF-8 BODY "$word")) }), $uid);
    same('since', scalar @{ $imap->since(time - 86_400) }, 21);
    ok($imap, 'sort', $imap->sort('REVERSE SUBJECT', 'UTF-8', 'ALL'));
    same('threads', scalar @{ $imap->thread('REFERENCES', 'UTF-8', 'ALL') }, 22);
    same('sorted', ($imap->sort('REVERSE SUBJECT', 'UTF-8', 'SUBJECT number'))[0], $uids[8]);
};

step changing => sub {
    ok($imap, 'see', $imap->see($uids[0], $uids[1]));
    same('seen', scalar @{ $imap->seen }, 3);
    ok($imap, 'set_flag', $imap->set_flag('Answered', $uids[0]));
    ok($imap, 'unset_flag', $imap->unset_flag('Seen', $uids[1]));
    same('flags', join(' ', sort grep { $_ ne '\Recent' } $imap->flags($uids[0])), '\Answered \Seen');
    ok($imap, 'copy', $imap->copy('Archive', @uids[0 .. 4]));
    ok($imap, 'move', $imap->move('Trash', @uids[5 .. 9]));
    ok($imap, 'delete_message', $imap->delete_message($uids[10]));
    ok($imap, 'expunge', $imap->expunge);
    same('left', $imap->message_count('Perl'), 16);
    same('copied', $imap->message_count('Archive'), 5);
    die "copied to nowhere\n" if defined $imap->copy('Nowhere', $uids[0]);
    die "not told to create it: " . $imap->LastError . "\n" unless $imap->LastError =~ /TRYCREATE/;
};

step odds_and_ends => sub {
    my $other = sign_in();
    ok($other, 'examine', $other->examine('Perl'));
    my $tag = ok($imap, 'idle', $imap->idle);
    ok($other, 'append', $other->append('Perl', message('while idling', 'x')));
    my $news = ok($imap, 'idle_data', scalar $imap->idle_data(10));
    die "no EXISTS: @$news\n" unless grep { /\* 17 EXISTS/ } @$news;
    ok($imap, 'done', $imap->done($tag));
    ok($imap, 'quota', $imap->getquotaroot('INBOX'));
    ok($imap, 'tag_and_run', $imap->tag_and_run('ID ("name" "perl")'));
    die "BAD is taken\n" if defined $imap->tag_and_run('NONSENSE');
    ok($imap, 'noop', $imap->noop);
    ok($imap, 'close', $imap->close);
    ok($other, 'logout', $other->logout);
    ok($imap, 'logout', $imap->logout);
};
