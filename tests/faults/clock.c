/* Clocks that are somewhere else, for the program alone: what Linux says, and what stands in the file CLOCKS beside it, which a
 * test may change at any time. Two numbers of eight bytes: seconds of the wall clock, and of those that only go forwards. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offsets;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCKS");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return;
	void *mapped = mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED)
		offsets = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	long failed = syscall(SYS_clock_gettime, clock, time);
	if (failed == 0 && offsets)
		time->tv_sec += offsets[clock == CLOCK_REALTIME ? 0 : 1];
	return (int)failed;
}
