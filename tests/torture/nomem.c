/* SPDX-License-Identifier: MIT
 *
 * nomem.c - what the library asks of its surroundings, and does not get.  The linker puts
 * these in the place of the real functions, for the library and this program.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <sched.h>
#include <sys/mman.h>

static uint32_t failing; /* atomic */
static _Thread_local bool exempt;

void nomem_start(bool on)
{
	relaxed_store(&failing, on);
}

void nomem_exempt(bool yes)
{
	exempt = yes;
}

static bool fails(uint32_t of_16)
{
	uint64_t random;

	if (!relaxed_load(&failing) || exempt)
		return false;
	random = now_ns();
	return oracle_below(&random, 16) < of_16;
}

/* ENOMEM, of which the caller of a lock hears. */
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fails(15)) {
		tally_add(&tally->mmap_failed, 1);
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (me) /* time for another thread to map the same chunk */
		pause_ns(200000);
	return __real_mmap(at, size, protection, flags, fd, offset);
}

#ifndef SANITIZED /* their runtime calls these, too */
/* A thread that cannot keep a slot must do without, and none hears of it. */
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	return fails(4) ? ENOMEM : __real_pthread_setspecific(key, value);
}

/* More processors than the set has room for: asked before main. */
int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	if (!tally && getenv("TORTURE_BLIND")) {
		errno = EINVAL;
		return -1;
	}
	return __real_sched_getaffinity(pid, size, set);
}
#endif
