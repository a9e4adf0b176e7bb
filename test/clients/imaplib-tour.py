"""A tour of Python's imaplib: every method that reaches a server. `imaplib-tour.py PORT TLSPORT USER PASSWORD`

Stops with a traceback at the first surprise, prints the name of each step that went well.
"""
import imaplib
import re
import ssl
import sys
import time
from datetime import datetime, timezone

PORT, TLS_PORT, USER, PASSWORD = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
MESSAGE = b'From: Bob <bob@example.org>\r\nSubject: %s\r\nMessage-ID: <%s@example.org>\r\n\r\n%s\r\n'


def message(subject, text=b'Hello'):
    return MESSAGE % (subject, subject.replace(b' ', b'-'), text)


def ok(answer):
    status, data = answer
    assert status == 'OK', answer
    return data


def refused(call):
    """NO is an answer, BAD is an exception; after either the connection goes on."""
    try:
        status, _ = call()
    except imaplib.IMAP4.error:
        return
    assert status == 'NO', status


def sign_in():
    m = imaplib.IMAP4('127.0.0.1', PORT)
    ok(m.login(USER, PASSWORD))
    return m


def signing_in():
    with imaplib.IMAP4('127.0.0.1', PORT) as m:
        refused(lambda: m.login(USER, 'wrong'))
        ok(m.login(USER, PASSWORD))
        assert m.state == 'AUTH'
    with imaplib.IMAP4_SSL('127.0.0.1', TLS_PORT, ssl_context=CONTEXT) as m:
        assert 'AUTH=PLAIN' in m.capabilities, m.capabilities
        ok(m.authenticate('PLAIN', lambda _: b'\0%s\0%s' % (USER.encode(), PASSWORD.encode())))
    with imaplib.IMAP4('127.0.0.1', PORT) as m:
        assert 'STARTTLS' in m.capabilities, m.capabilities
        ok(m.starttls(CONTEXT))
        assert 'STARTTLS' not in m.capabilities
        answers = [USER.encode(), PASSWORD.encode()]
        ok(m.authenticate('LOGIN', lambda _: answers.pop(0)))
    with imaplib.IMAP4('127.0.0.1', PORT) as m:
        # A callback that gives nothing cancels.
        refused(lambda: m.authenticate('PLAIN', lambda _: None))
        ok(m.login(USER, PASSWORD))


def mailboxes(m):
    names = b'\n'.join(ok(m.list())).decode()
    for name, use in [('Sent', 'Sent'), ('Trash', 'Trash'), ('Drafts', 'Drafts'), ('Junk', 'Junk')]:
        assert re.search(rf'\\{use}.*\) "/" "?{name}"?$', names, re.M), names
    assert ok(m.list('""', '""'))[0].endswith(b'"/" ""')
    ok(m.create('Tour/Gr&APwA3w-e'))
    ok(m.create('"Tour/with space"'))
    refused(lambda: m.create('Tour/Gr&APwA3w-e'))
    assert len(ok(m.list('Tour', '*'))) >= 2, m.list('Tour', '*')
    assert len(ok(m.list('""', 'Tour/%'))) == 2
    ok(m.unsubscribe('"Tour/with space"'))
    assert not any(b'with space' in line for line in ok(m.lsub()) if line)
    ok(m.subscribe('"Tour/with space"'))
    assert any(b'with space' in line for line in ok(m.lsub('""', 'Tour/*')))
    ok(m.rename('Tour', 'Journey'))
    assert ok(m.list('""', 'Tour*')) == [None]
    assert any(b'Journey/Gr&APwA3w-e' in line for line in ok(m.list('""', 'Journey/*')))
    ok(m.delete('"Journey/with space"'))
    refused(lambda: m.delete('"Journey/with space"'))
    refused(lambda: m.select('nowhere'))
    ok(m.namespace())
    assert m.namespace()[1] == [b'(("" "/")) (("Other Users/" "/")) NIL'], m.namespace()
    counts = ok(m.status('INBOX', '(MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)'))[0]
    assert re.match(rb'"?INBOX"? \(MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY [1-9]\d* UNSEEN 0\)$', counts), counts


def sharing(m):
    ok(m.setacl('INBOX', 'anyone', 'lr'))
    assert any(b'anyone lr' in line for line in ok(m.getacl('INBOX'))), m.getacl('INBOX')
    assert b'lrswipkxtea' in ok(m.myrights('INBOX'))[0]
    ok(m.deleteacl('INBOX', 'anyone'))
    assert not any(b'anyone' in line for line in ok(m.getacl('INBOX')))
    refused(lambda: m.setacl('nowhere', 'anyone', 'lr'))


def appending(m):
    date = datetime(2020, 2, 29, 12, 30, 45, tzinfo=timezone.utc)
    ok(m.append('INBOX', r'(\Seen $Label)', date, message(b'one')))
    ok(m.append('INBOX', None, imaplib.Time2Internaldate(1_700_000_000), message(b'two')))
    ok(m.append('INBOX', r'\Flagged', None, message(b'three')))
    ok(m.append('INBOX', None, None, b'Subject: bare line feeds\n\nfirst\nsecond\n'))
    refused(lambda: m.append('INBOX', None, None, b''))
    ok(m.append('INBOX', None, None, b'\r\n'))
    code = m.untagged_responses.get('APPENDUID') or m.response('APPENDUID')[1]
    assert re.match(rb'\d+ 5$', code[-1]), code
    status, data = m.append('nowhere', None, None, message(b'lost'))
    assert status == 'NO' and b'TRYCREATE' in data[0], (status, data)
    assert ok(m.select('INBOX')) == [b'5']
    assert int(m.response('UIDVALIDITY')[1][0]) > 0
    assert m.response('UIDNEXT')[1] == [b'6']
    assert b'\\*' in m.response('PERMANENTFLAGS')[1][0]
    assert m.response('READ-WRITE')[1] != [None]


def fetching(m):
    flags = ok(m.fetch('1:*', '(FLAGS)'))
    assert len(flags) == 5
    assert set(imaplib.ParseFlags(flags[0])) - {rb'\Recent'} == {rb'\Seen', b'$Label'}, flags[0]
    date = ok(m.fetch('1', '(INTERNALDATE)'))[0]
    assert time.mktime(imaplib.Internaldate2tuple(date)) == datetime(2020, 2, 29, 12, 30, 45, tzinfo=timezone.utc).timestamp()
    assert ok(m.fetch('1', '(BODY.PEEK[])'))[0][1] == message(b'one')
    assert ok(m.fetch('2', '(RFC822.SIZE)')) == [b'2 (RFC822.SIZE %d)' % len(message(b'two'))]
    assert ok(m.fetch('2', '(BODY.PEEK[HEADER.FIELDS (SUBJECT)])'))[0][1] == b'Subject: two\r\n\r\n'
    assert ok(m.fetch('2', '(BODY.PEEK[]<6.10>)'))[0][1] == message(b'two')[6:16]
    assert rb'\Seen' not in ok(m.fetch('2', '(FLAGS)'))[0]
    assert ok(m.fetch('2', '(RFC822.HEADER)'))[0][1] + ok(m.fetch('2', '(RFC822.TEXT)'))[0][1] == message(b'two')
    assert rb'\Seen' in ok(m.fetch('2', '(FLAGS)'))[0], 'RFC822.TEXT marks as read'
    assert ok(m.fetch('3', 'RFC822'))[0][1] == message(b'three')
    for macro in ('FAST', 'ALL', 'FULL'):
        assert b'RFC822.SIZE' in ok(m.fetch('1', macro))[0]
    assert ok(m.uid('FETCH', '3:4', '(UID)')) == [b'3 (UID 3)', b'4 (UID 4)']
    assert ok(m.uid('FETCH', '900', '(UID)')) == [None]
    refused(lambda: m.fetch('900', '(UID)'))
    assert ok(m.fetch('4', '(BODY[1])'))[0][1] == b'first\r\nsecond\r\n'
    assert b'5 (' in repr(ok(m.fetch('5', '(BODY[TEXT])'))).encode(), 'a body of no octets'


def searching(m):
    assert ok(m.search(None, 'ALL')) == [b'1 2 3 4 5']
    assert ok(m.search(None, 'FLAGGED', 'SINCE', '01-Jan-2000')) == [b'3']
    assert ok(m.search('UTF-8', 'SUBJECT', '"three"')) == [b'3']
    assert ok(m.search('US-ASCII', '(OR (SUBJECT one) (SUBJECT two))')) == [b'1 2']
    assert ok(m.uid('SEARCH', 'KEYWORD', '$Label')) == [b'1']
    assert ok(m.search(None, 'SUBJECT', '"nothing of the kind"')) == [b'']
    ok(m.append('INBOX', None, None, 'Subject: Grüße\r\n\r\nSmörgåsbord\r\n'.encode()))
    for charset in ('UTF-8', 'ISO-8859-1'):
        m.literal = 'grüße'.encode(charset)
        assert ok(m.search(charset, 'SUBJECT')) == [b'6'], charset
        m.literal = 'SMÖRGÅS'.encode(charset)
        assert ok(m.uid('SEARCH', 'CHARSET', charset, 'BODY')) == [b'6'], charset
    status, data = m.search('KLINGON', 'SUBJECT', 'x')
    assert status == 'NO' and b'BADCHARSET' in data[0], (status, data)
    assert ok(m.noop())


def changing(m):
    assert b'$New' in ok(m.store('1', '+FLAGS', r'($New \Answered)'))[0]
    assert ok(m.store('1', '-FLAGS.SILENT', r'(\Answered)')) in ([None], [b''])
    assert set(imaplib.ParseFlags(ok(m.uid('STORE', '1', 'FLAGS', r'(\Draft)'))[0])) - {rb'\Recent'} == {rb'\Draft'}
    ok(m.copy('1:2', 'Journey'))
    ok(m.uid('COPY', '3', 'Journey'))
    status, data = m.copy('1', 'nowhere')
    assert status == 'NO' and b'TRYCREATE' in data[0], (status, data)
    ok(m.uid('MOVE', '3', 'Archive'))
    assert m.response('EXPUNGE')[1] == [b'3']
    ok(m.store('1:2', '+FLAGS', r'\Deleted'))
    assert ok(m.expunge()) in ([b'1', b'1'], [b'2', b'1']), 'sequence numbers move as messages go'
    assert ok(m.search(None, 'ALL')) == [b'1 2 3']
    ok(m.check())
    ok(m.store('1', '+FLAGS', r'\Deleted'))
    ok(m.unselect())
    assert ok(m.select('INBOX', readonly=True)) == [b'3'], 'UNSELECT keeps what is marked as deleted'
    assert m.is_readonly
    refused(lambda: m.store('1', '+FLAGS', r'\Seen'))
    ok(m.fetch('3', '(BODY[])'))
    assert rb'\Seen' not in ok(m.fetch('3', '(FLAGS)'))[0], 'EXAMINE marks nothing as read'
    ok(m.close())
    assert ok(m.select('INBOX')) == [b'3']
    ok(m.close())
    assert ok(m.select('INBOX')) == [b'2'], 'CLOSE expunges what is marked as deleted'
    ok(m.select('Journey'))
    assert ok(m.search(None, 'ALL')) == [b'1 2 3']
    ok(m.recent())


def quotas(m):
    root, quota = m.getquotaroot('INBOX')[1]
    assert root and root[0] is not None, root
    name = root[0].decode().split(' ', 1)[1]
    assert b'STORAGE' not in (quota[0] or b''), 'what has no limit is not there'
    ok(m.getquota(name))
    refused(lambda: m.setquota(name, '(STORAGE 1)'))


def odds_and_ends(m):
    ok(m.capability())
    refused(lambda: m.xatom('XNOTHING'))
    refused(lambda: m.proxyauth('bob'))
    refused(lambda: m.login_cram_md5(USER, PASSWORD))
    for _ in range(3):
        ok(m.noop())


def utf8_mode():
    text = 'Subject: Ö\r\n\r\nå\r\n'.encode()
    with sign_in() as m:
        ok(m.create('M&APY-ten/&ZeVnLA-'))
        # Before ENABLE: after it imaplib sends `UTF8 (` and `)` inside the literal, as part of the message.
        ok(m.append('M&APY-ten/&ZeVnLA-', None, None, text))
    with sign_in() as m:
        ok(m.enable('UTF8=ACCEPT'))
        assert m.utf8_enabled
        assert any('Möten/日本'.encode() in line for line in ok(m.list()))
        assert ok(m.select('"Möten/日本"')) == [b'1']
        # No charset: everything is UTF-8 now.
        assert ok(m.search(None, 'SUBJECT', '"ö"')) == [b'1']
        assert ok(m.fetch('1', '(BODY.PEEK[])'))[0][1] == text
        ok(m.rename('"Möten/日本"', '"Möten/東京"'))
        ok(m.delete('"Möten/東京"'))


def main():
    signing_in()
    print('signing_in')
    with sign_in() as m:
        for step in (mailboxes, sharing, appending, fetching, searching, changing, quotas, odds_and_ends):
            step(m)
            print(step.__name__)
    utf8_mode()
    print('utf8_mode')


main()
