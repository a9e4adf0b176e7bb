/*
 * A disk that fails when it is told to. Preloaded into a process, it counts the calls that change files below
 * FAILING_ROOT (writes, truncations, syncs, creations, removals) and lets one of them, or all from one on, fail. A failing
 * write may have written a part before. The orders come through FAILING_CONTROL, a small file that both sides have mapped
 * or opened; see `control.ts` for its fields.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, KINDS };
#define MAX_FD 65536

struct control {
  /* The calls of these kinds (bit 1 << kind) count. */
  volatile int32_t kinds;
  /* The call that fails, counted from 1; none when 0. */
  volatile int32_t at;
  /* How many calls fail from there on. */
  volatile int32_t times;
  volatile int32_t error;
  /* A failing write writes this part of its octets, in 256ths. */
  volatile int32_t part;
  /* Told: how many calls were counted, how many have failed, and the kind of the first that did. */
  volatile int32_t calls, failed, kind;
  /* Of its file. */
  char path[96];
};

static struct control *control;
static const char *root;
static ino_t inodes[MAX_FD];

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_fallocate)(int, off_t, off_t);

__attribute__((constructor)) static void begin(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_openat = dlsym(RTLD_NEXT, "openat64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate64");
  root = getenv("FAILING_ROOT");
  const char *path = getenv("FAILING_CONTROL");
  int fd = path ? real_open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *map = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) control = map;
  close(fd);
}

static int is_ours(const char *path) {
  return root && strncmp(path, root, strlen(root)) == 0 && !strstr(path, "/LOCK");
}

/* The number of a descriptor may have become something else: ask what it is. */
static int is_tracked(int fd) {
  struct stat st;
  if (fd < 0 || fd >= MAX_FD || inodes[fd] == 0) return 0;
  return fstat(fd, &st) == 0 && st.st_ino == inodes[fd];
}

/* Of a descriptor; in a buffer of the caller. */
static const char *path_of(int fd, char *link, size_t room) {
  char name[32] = "/proc/self/fd/", digits[12], *d = digits + 11;
  *d = 0;
  for (int rest = fd; d == digits + 11 || rest; rest /= 10) *--d = '0' + rest % 10;
  strcat(name, d);
  ssize_t length = readlink(name, link, room - 1);
  link[length < 0 ? 0 : length] = 0;
  return link;
}

static int fails(int kind, int fd, const char *path) {
  char link[512];
  if (!control || !(control->kinds & (1 << kind))) return 0;
  int32_t n = __sync_add_and_fetch(&control->calls, 1);
  int32_t at = control->at;
  if (at == 0 || n < at || n >= at + control->times) return 0;
  if (__sync_add_and_fetch(&control->failed, 1) == 1) {
    control->kind = kind;
    if (!path) path = path_of(fd, link, sizeof link);
    size_t length = strlen(path), room = sizeof control->path - 1;
    strncpy(control->path, path + (length > room ? length - room : 0), room);
  }
  errno = control->error;
  return 1;
}

static int opened(int fd, const char *path) {
  struct stat st;
  if (fd >= 0 && fd < MAX_FD) inodes[fd] = is_ours(path) && fstat(fd, &st) == 0 ? st.st_ino : 0;
  return fd;
}

static int creates(const char *path, int flags) {
  return (flags & O_CREAT) && is_ours(path) && access(path, F_OK) != 0;
}

int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
  va_end(args);
  if (creates(path, flags) && fails(CREATE, -1, path)) return -1;
  return opened(real_open(path, flags, mode), path);
}
int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
  va_end(args);
  return open64(path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
  va_end(args);
  if (creates(path, flags) && fails(CREATE, -1, path)) return -1;
  return opened(real_openat(dir, path, flags, mode), path);
}
int openat(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
  va_end(args);
  return openat64(dir, path, flags, mode);
}

static size_t part_of(size_t length) { return length * (size_t)control->part / 256; }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!is_tracked(fd) || !fails(WRITE, fd, 0)) return real_write(fd, bytes, length);
  int error = errno;
  if (part_of(length) > 0) real_write(fd, bytes, part_of(length));
  errno = error;
  return -1;
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  if (!is_tracked(fd) || !fails(WRITE, fd, 0)) return real_pwrite(fd, bytes, length, at);
  int error = errno;
  if (part_of(length) > 0) real_pwrite(fd, bytes, part_of(length), at);
  errno = error;
  return -1;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }
ssize_t pwritev64(int fd, const struct iovec *vectors, int count, off_t at) {
  return is_tracked(fd) && fails(WRITE, fd, 0) ? -1 : real_pwritev(fd, vectors, count, at);
}
ssize_t pwritev(int fd, const struct iovec *vectors, int count, off_t at) {
  return pwritev64(fd, vectors, count, at);
}
int ftruncate64(int fd, off_t size) {
  return is_tracked(fd) && fails(TRUNCATE, fd, 0) ? -1 : real_ftruncate(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int posix_fallocate64(int fd, off_t from, off_t length) {
  return is_tracked(fd) && fails(TRUNCATE, fd, 0) ? errno : real_fallocate(fd, from, length);
}
int posix_fallocate(int fd, off_t from, off_t length) { return posix_fallocate64(fd, from, length); }
int fsync(int fd) { return is_tracked(fd) && fails(SYNC, fd, 0) ? -1 : real_fsync(fd); }
int fdatasync(int fd) { return is_tracked(fd) && fails(SYNC, fd, 0) ? -1 : real_fdatasync(fd); }
int unlink(const char *path) { return is_ours(path) && fails(UNLINK, -1, path) ? -1 : real_unlink(path); }
