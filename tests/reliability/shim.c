/* A machine that misbehaves, as one process sees it: LD_PRELOAD this, and map the file that
   CRDTCHAT_SHIM names. It holds three 64-bit numbers: milliseconds that every fsync takes longer,
   milliseconds that the wall clock is off, and whether files can be written (0) or not (1). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *wanted;
static int64_t nothing[3];

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("CRDTCHAT_SHIM");
  int file = path ? open(path, O_RDONLY) : -1;
  void *map = file < 0 ? MAP_FAILED : mmap(0, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
  wanted = map == MAP_FAILED ? nothing : map;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static void wait_for_disk(void) {
  int64_t ms = wanted[0];
  if (ms) usleep(ms * 1000);
}

int fsync(int file) {
  wait_for_disk();
  return REAL(fsync)(file);
}

int fdatasync(int file) {
  wait_for_disk();
  return REAL(fdatasync)(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static typeof(&clock_gettime) real;
  if (!real) real = REAL(clock_gettime);
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME && wanted && wanted[1]) {
    int64_t off = now->tv_sec * 1000000000 + now->tv_nsec + wanted[1] * 1000000;
    now->tv_sec = off / 1000000000;
    now->tv_nsec = off % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  static typeof(&gettimeofday) real;
  if (!real) real = REAL(gettimeofday);
  int result = real(now, zone);
  if (wanted && wanted[1]) {
    int64_t off = now->tv_sec * 1000000 + now->tv_usec + wanted[1] * 1000;
    now->tv_sec = off / 1000000;
    now->tv_usec = off % 1000000;
  }
  return result;
}

static int refused(void) {
  if (!wanted[2]) return 0;
  errno = EROFS;
  return 1;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
  return refused() ? -1 : REAL(pwrite64)(file, data, size, at);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
  return refused() ? -1 : REAL(pwrite)(file, data, size, at);
}

int ftruncate64(int file, off64_t size) {
  return refused() ? -1 : REAL(ftruncate64)(file, size);
}
