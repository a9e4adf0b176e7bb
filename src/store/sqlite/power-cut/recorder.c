/*
 * Records what a process does to the files below POWER_CUT_ROOT: every open, write, truncation, removal and the begin
 * and end of every sync, in the order of their effects, with all bytes. Preloaded into the workload of the power-cut
 * test, which may run several times; `trace.ts` reads the record. Lines that the workload writes to POWER_CUT_ACKS are
 * its acknowledgements; after POWER_CUT_KILL_AFTER of them the process is killed.
 *
 * A write is recorded under the same lock under which it is made, so the record never shows a sync beginning after a
 * write that it did not cover. Files ending in -shm are memory shared by processes, not storage; LOCK is no data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, UNLINK, RENAME, MKDIR, ACK };

struct head {
  uint32_t type, handle;
  uint64_t offset;
  uint32_t length, padding;
};

#define MAX_FD 65536
/* A disk takes its time, and others write meanwhile. */
#define SYNC_US 1000
#define ACK_HANDLE 0xffffffffu

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *acks;
static int trace = -1, kill_after = 0;
static uint32_t handles[MAX_FD], next_handle = 1, next_sync = 1;
static ino_t inodes[MAX_FD];

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_mkdir)(const char *, mode_t);

__attribute__((constructor)) static void begin(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_openat = dlsym(RTLD_NEXT, "openat64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_mkdir = dlsym(RTLD_NEXT, "mkdir");
  root = getenv("POWER_CUT_ROOT");
  acks = getenv("POWER_CUT_ACKS");
  const char *path = getenv("POWER_CUT_TRACE"), *count = getenv("POWER_CUT_KILL_AFTER");
  if (count) kill_after = atoi(count);
  if (path) trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t n = syscall(SYS_write, trace, at, length);
    if (n <= 0) abort();
    at += n;
    length -= n;
  }
}

static void record(uint32_t type, uint32_t handle, uint64_t offset, const void *bytes, uint32_t length) {
  if (trace < 0) return;
  struct head head = {type, handle, offset, length, 0};
  put(&head, sizeof head);
  put(bytes, length);
}

static int is_ours(const char *path) {
  if (!root || strncmp(path, root, strlen(root)) != 0) return 0;
  size_t n = strlen(path);
  return !(n > 4 && strcmp(path + n - 4, "-shm") == 0) && !strstr(path, "/LOCK");
}

/* Some closes go past us (libuv has its own), and the number may have become a pipe or an eventfd: ask what it is. */
static uint32_t handle_of(int fd) {
  struct stat st;
  if (fd < 0 || fd >= MAX_FD || handles[fd] == 0) return 0;
  return fstat(fd, &st) == 0 && st.st_ino == inodes[fd] ? handles[fd] : 0;
}

static int opened(int fd, const char *path, int existed) {
  struct stat st;
  if (fd < 0 || fd >= MAX_FD || fstat(fd, &st) != 0) return fd;
  inodes[fd] = st.st_ino;
  if (acks && strcmp(path, acks) == 0) {
    handles[fd] = ACK_HANDLE;
  } else if (is_ours(path)) {
    handles[fd] = next_handle++;
    record(OPEN, handles[fd], !existed, path, strlen(path));
  } else {
    handles[fd] = 0;
  }
  return fd;
}

static int do_open(const char *path, int flags, mode_t mode) {
  pthread_mutex_lock(&lock);
  struct stat st;
  int existed = stat(path, &st) == 0;
  int fd = opened(real_open(path, flags, mode), path, existed);
  if (fd >= 0 && existed && (flags & O_TRUNC) && handle_of(fd)) record(TRUNCATE, handle_of(fd), 0, "", 0);
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE                                \
  mode_t mode = 0;                          \
  if (flags & (O_CREAT | O_TMPFILE)) {      \
    va_list args;                           \
    va_start(args, flags);                  \
    mode = va_arg(args, int);               \
    va_end(args);                           \
  }

int open(const char *path, int flags, ...) { MODE return do_open(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return do_open(path, flags, mode); }
int openat(int at, const char *path, int flags, ...) {
  MODE
  return path[0] == '/' ? do_open(path, flags, mode) : real_openat(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
  MODE
  return path[0] == '/' ? do_open(path, flags, mode) : real_openat(at, path, flags, mode);
}

int close(int fd) {
  if (!real_close) return syscall(SYS_close, fd);
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < MAX_FD) handles[fd] = 0;
  int result = real_close(fd);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (handle_of(fd) == 0) return real_write(fd, bytes, length);
  pthread_mutex_lock(&lock);
  uint32_t handle = handle_of(fd);
  off_t at = handle == ACK_HANDLE ? 0 : lseek(fd, 0, SEEK_CUR);
  ssize_t n = real_write(fd, bytes, length);
  if (n > 0) record(handle == ACK_HANDLE ? ACK : WRITE, handle, at, bytes, n);
  /* Under the lock: no other thread is in the middle of a record. */
  if (handle == ACK_HANDLE && kill_after > 0 && --kill_after == 0) kill(getpid(), SIGKILL);
  pthread_mutex_unlock(&lock);
  return n;
}

static ssize_t do_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  if (handle_of(fd) == 0) return real_pwrite(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  ssize_t n = real_pwrite(fd, bytes, length, offset);
  if (n > 0) record(WRITE, handle_of(fd), offset, bytes, n);
  pthread_mutex_unlock(&lock);
  return n;
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t at) { return do_pwrite(fd, b, n, at); }
ssize_t pwrite64(int fd, const void *b, size_t n, off_t at) { return do_pwrite(fd, b, n, at); }

static ssize_t do_pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  if (handle_of(fd) == 0) return real_pwritev(fd, parts, count, offset);
  ssize_t done = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = do_pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset + done);
    if (n < 0) return done > 0 ? done : n;
    done += n;
  }
  return done;
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) { return do_pwritev(fd, v, n, at); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off_t at) { return do_pwritev(fd, v, n, at); }

static int do_ftruncate(int fd, off_t size) {
  if (handle_of(fd) == 0) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  int result = real_ftruncate(fd, size);
  if (result == 0) record(TRUNCATE, handle_of(fd), size, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}
int ftruncate(int fd, off_t size) { return do_ftruncate(fd, size); }
int ftruncate64(int fd, off_t size) { return do_ftruncate(fd, size); }

static int do_sync(int fd, int (*real)(int)) {
  uint32_t handle = handle_of(fd);
  if (handle == 0) return real(fd);
  pthread_mutex_lock(&lock);
  uint32_t sync = next_sync++;
  record(SYNC_BEGIN, handle, sync, "", 0);
  pthread_mutex_unlock(&lock);
  usleep(SYNC_US);
  int result = real(fd);
  pthread_mutex_lock(&lock);
  if (result == 0) record(SYNC_END, handle, sync, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}
int fsync(int fd) { return do_sync(fd, real_fsync); }
int fdatasync(int fd) { return do_sync(fd, real_fdatasync); }

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int result = real_unlink(path);
  if (result == 0 && is_ours(path)) record(UNLINK, 0, 0, path, strlen(path));
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int result = real_rename(from, to);
  if (result == 0 && (is_ours(from) || is_ours(to))) {
    char both[8192];
    size_t n = strlen(from) + 1, m = strlen(to);
    if (n + m > sizeof both) abort();
    memcpy(both, from, n);
    memcpy(both + n, to, m);
    record(RENAME, 0, 0, both, n + m);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  int result = real_mkdir(path, mode);
  if (result == 0 && is_ours(path)) record(MKDIR, 0, 0, path, strlen(path));
  pthread_mutex_unlock(&lock);
  return result;
}
