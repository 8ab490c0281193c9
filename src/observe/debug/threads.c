/* SPDX-License-Identifier: MIT
 *
 * threads.c - the threads that the debug build knows.
 *
 * A thread has one pointer of thread-local storage.  What it points to comes from mmap, as a
 * lock may guard the allocator, and is used again after the thread's end.
 *
 *	row        released by          acquired by           what it carries
 *	[LIST]     push                 find_unused           a thread's next
 *	[USED]     leave                find_unused           the last owner's writes
 *	[SERIAL]   fl_serial_new        fl_serial_now         what was done before
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides.
 *	[MINE]     One thread and its handlers: program order is all there is to keep.
 *	[FORKED]   Written where there is one thread.
 */
#define _GNU_SOURCE
#include "records.h"
#include "core/atomic.h"
#include "core/thread.h"

#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

FL_MY struct fl_thread *mine;
static struct fl_thread *threads;
static uint64_t serial;
static uint64_t forked;
static pthread_key_t key;
static bool key_works; /* written before main or by dlopen */

uint64_t fl_serial_new(void)
{
	uint64_t last = fl_load_relaxed(&serial); /* [GUESS] */

	/* [SERIAL] release, [SERIAL] acquire */
	while (!fl_cas_acq_rel(&serial, &last, last + 1))
		;
	return last + 1;
}

uint64_t fl_serial_now(void)
{
	/* [SERIAL] acquire */
	return fl_load_acquire(&serial);
}

uint64_t fl_serial_forked(void)
{
	return fl_load_relaxed(&forked); /* [FORKED] */
}

static struct fl_thread *find_unused(void)
{
	/* [LIST] acquire */
	struct fl_thread *thread = fl_load_acquire(&threads);

	for (; thread; thread = thread->next) {
		uint32_t unused = fl_load_relaxed(&thread->used); /* [GUESS] */

		/* [USED] acquire */
		if (!unused && fl_cas_acquire(&thread->used, &unused, 1))
			return thread;
	}
	return NULL;
}

static void push(struct fl_thread *thread)
{
	struct fl_thread *first = fl_load_relaxed(&threads); /* [GUESS] */

	do {
		thread->next = first;
		/* [LIST] release */
	} while (!fl_cas_release(&threads, &first, thread));
}

/* A page of them; all but the first are for others. */
static struct fl_thread *make(void)
{
	const size_t page = 4096;
	struct fl_thread *first = fl_map(page);

	if (!first)
		return NULL;
	first->used = 1;
	for (size_t i = 0; i < page / sizeof(*first); i++)
		push(&first[i]);
	return first;
}

static void leave(struct fl_thread *thread)
{
	/* [USED] release */
	fl_store_release(&thread->used, 0);
}

static struct fl_thread *begin(void)
{
	struct fl_thread *thread = find_unused();

	if (!thread)
		thread = make();
	if (!thread)
		return NULL;
	thread->serial = fl_serial_new();
	thread->tid = (uint32_t)syscall(SYS_gettid);
	thread->busy = thread->rounds = thread->top = 0;
	thread->reporting = false;
	return thread;
}

struct fl_thread *fl_thread_seen(void)
{
	return fl_load_relaxed(&mine); /* [MINE] */
}

/* A handler may have begun, too, in the middle of this. */
struct fl_thread *fl_thread_self(void)
{
	struct fl_thread *none = NULL, *thread = fl_thread_seen();

	if (fl_likely(thread))
		return thread;
	thread = begin();
	if (!thread)
		return NULL;
	if (!fl_cas_relaxed(&mine, &none, thread)) { /* [MINE] */
		leave(thread);
		return none;
	}
	if (key_works)
		pthread_setspecific(key, thread);
	return thread;
}

/* Other destructors may give back what the thread holds: looked at in the last round but one.  In
 * the last one ThreadSanitizer takes its leave of the thread. */
static void thread_ends(void *arg)
{
	struct fl_thread *thread = arg;

	if (++thread->rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
		pthread_setspecific(key, thread);
		return;
	}
	fl_debug_thread_ends(thread);
	fl_store_relaxed(&mine, (struct fl_thread *)NULL); /* [MINE] */
	leave(thread);
}

static void forked_child(void)
{
	struct fl_thread *thread = fl_thread_seen();

	fl_store_relaxed(&forked, fl_serial_new()); /* [FORKED] */
	if (!thread)
		return;
	thread->tid = (uint32_t)syscall(SYS_gettid);
	fl_hold_forked(thread);
}

FL_LOADED static void prepare(void)
{
	if (pthread_key_create(&key, thread_ends) == 0) {
		key_works = key < KEYS_WITHOUT_MALLOC;
		if (!key_works)
			pthread_key_delete(key);
	}
	(void)pthread_atfork(NULL, NULL, forked_child);
}

/* The library may be part of what is unloaded. */
FL_UNLOADED static void finish(void)
{
	if (key_works)
		pthread_key_delete(key);
	key_works = false;
}
