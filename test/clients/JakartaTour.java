/** A tour of Jakarta Mail: what programs built on it do. `java JakartaTour.java PORT USER PASSWORD`; dies at the first surprise, prints each step. */
import jakarta.mail.*;
import jakarta.mail.event.*;
import jakarta.mail.internet.*;
import jakarta.mail.search.*;
import com.sun.mail.imap.*;
import java.io.*;
import java.util.*;
import java.util.concurrent.*;

public class JakartaTour {
  static IMAPStore store;
  static Session session;

  static IMAPStore signIn(String[] args) throws Exception {
    Properties all = new Properties();
    all.put("mail.imap.compress.enable", "true");
    all.put("mail.imap.peek", "true");
    session = Session.getInstance(all);
    IMAPStore store = (IMAPStore) session.getStore("imap");
    store.connect("127.0.0.1", Integer.parseInt(args[0]), args[1], args[2]);
    return store;
  }

  static void same(String what, Object got, Object wanted) {
    if (!got.equals(wanted)) throw new IllegalStateException(what + ": " + got + " instead of " + wanted);
  }

  static MimeMessage message(int n) throws Exception {
    String text = "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: number " + n + "\r\nMessage-ID: <java" + n
      + "@example.org>\r\n" + (n > 1 ? "In-Reply-To: <java" + (n - 1) + "@example.org>\r\n" : "")
      + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext " + n
      + "\r\n--x\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n";
    return new MimeMessage(session, new ByteArrayInputStream(text.getBytes("latin1")));
  }

  public static void main(String[] args) throws Exception {
    try {
      signIn(new String[] {args[0], args[1], "wrong"});
      throw new IllegalStateException("a wrong password is taken");
    } catch (AuthenticationFailedException expected) {
    }
    store = signIn(args);
    for (String name : "COMPRESS=DEFLATE IDLE UIDPLUS MOVE CONDSTORE QRESYNC UIDONLY SORT QUOTA ACL NAMESPACE".split(" "))
      if (!store.hasCapability(name)) throw new IllegalStateException("no " + name);
    System.out.println("signing_in");

    IMAPFolder java = (IMAPFolder) store.getFolder("Java/Inner");
    same("create", java.create(Folder.HOLDS_MESSAGES), true);
    List<String> names = new ArrayList<>();
    for (Folder one : store.getDefaultFolder().list("*")) names.add(one.getFullName());
    if (!names.containsAll(List.of("INBOX", "Java/Inner", "Trash"))) throw new IllegalStateException(names.toString());
    java.open(Folder.READ_WRITE);
    Message[] some = new Message[20];
    for (int n = 1; n <= 20; n++) some[n - 1] = message(n);
    java.appendMessages(some);
    same("how many", java.getMessageCount(), 20);
    System.out.println("listing");

    Message[] all = java.getMessages();
    FetchProfile profile = new FetchProfile();
    profile.add(FetchProfile.Item.ENVELOPE);
    profile.add(FetchProfile.Item.FLAGS);
    profile.add(FetchProfile.Item.CONTENT_INFO);
    profile.add(UIDFolder.FetchProfileItem.UID);
    java.fetch(all, profile);
    same("a subject", all[4].getSubject(), "number 5");
    Multipart parts = (Multipart) all[4].getContent();
    same("a text", parts.getBodyPart(0).getContent().toString().trim(), "text 5");
    same("an attachment", parts.getBodyPart(1).getInputStream().readAllBytes().length, 3);
    same("unseen", java.getUnreadMessageCount(), 20);
    System.out.println("reading");

    all[0].setFlag(Flags.Flag.SEEN, true);
    all[1].setFlags(new Flags("$Work"), true);
    same("a flag", all[0].isSet(Flags.Flag.SEEN), true);
    same("a keyword", all[1].getFlags().contains("$Work"), true);
    System.out.println("flagging");

    same("a search", java.search(new SubjectTerm("number 7")).length, 1);
    same("a flag's", java.search(new FlagTerm(new Flags(Flags.Flag.SEEN), true)).length, 1);
    same("both", java.search(new AndTerm(new FromStringTerm("bob"), new BodyTerm("text 1"))).length, 11);
    Message[] sorted = java.getSortedMessages(new SortTerm[] {SortTerm.REVERSE, SortTerm.SUBJECT});
    same("sorted", sorted[0].getSubject(), "number 9");
    System.out.println("searching");

    Folder archive = store.getFolder("Archive");
    archive.open(Folder.READ_WRITE);
    AppendUID[] copied = java.copyUIDMessages(new Message[] {all[2], all[3]}, archive);
    same("copied", copied.length, 2);
    java.moveUIDMessages(new Message[] {all[2], all[3]}, store.getFolder("Trash"));
    same("moved", java.expunge().length >= 0 && java.getMessageCount() == 18, true);
    all[5].setFlag(Flags.Flag.DELETED, true);
    same("expunged", java.expunge().length, 1);
    same("left", java.getMessageCount(), 17);
    archive.close(false);
    System.out.println("moving");

    CountDownLatch heard = new CountDownLatch(1);
    java.addMessageCountListener(new MessageCountAdapter() {
      @Override public void messagesAdded(MessageCountEvent event) { heard.countDown(); }
    });
    IMAPStore other = signIn(args);
    Thread late = new Thread(() -> {
      try {
        Thread.sleep(300);
        other.getFolder("Java/Inner").appendMessages(new Message[] {message(99)});
      } catch (Exception error) {
        error.printStackTrace();
        System.exit(1);
      }
    });
    late.start();
    java.idle(true);
    same("news", heard.await(10, TimeUnit.SECONDS), true);
    System.out.println("idling");

    java.close(true);
    same("delete", java.delete(false), true);
    if (!store.getFolder("Java").exists()) throw new IllegalStateException("what is above it is gone");
    other.close();
    store.close();
    System.out.println("leaving");
  }
}
