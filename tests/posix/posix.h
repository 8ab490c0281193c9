/* SPDX-License-Identifier: MIT
 *
 * posix.h - tests of what POSIX and glibc's manual say of mutexes, read-write locks, conditions
 * and semaphores.  The programs know nothing of this library.  Each runs twice: with glibc
 * alone, which shows that the test is right, and with libfifolock-pthread.so preloaded.
 *
 * A worker is a thread that makes one call:
 *
 *	queues(&worker, lock_mutex, &mutex);	it sleeps in the call
 *	returns(pthread_mutex_unlock(&mutex), 0);
 *	returns(answer(&worker), 0);
 *
 * Checks may stand in any thread: one that fails ends the test's process.
 */
#ifndef POSIX_H
#define POSIX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef FL_TEST_PLAIN
#define FL_TEST_PLAIN 1
#endif
#include "test.h"
#include "thread_state.h"
#include <limits.h>
#include <semaphore.h>
#include <signal.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MS	      1000000
#define FOR_LONG      (3600L * 1000 * MS) /* no call waits as long */

/* The value that a call returns, where the call stands in the source. */
#define returns(call, expected) \
	returned_(call, expected, #call, #expected, __FILE__, __LINE__)
/* A call that says -1 and errno. */
#define fails(call, expected)                                                     \
	do {                                                                      \
		errno = 0;                                                        \
		int said_ = (call);                                               \
		returned_(said_, -1, #call, "-1", __FILE__, __LINE__);            \
		returned_(errno, expected, #call, #expected, __FILE__, __LINE__); \
	} while (0)

static inline void returned_(long got, long expected, const char *call, const char *as,
			     const char *file, int line)
{
	if (got == expected)
		return;
	fprintf(stderr, "%s:%d: %s: %ld (%s), expected %s\n", file, line, call, got,
		got > 0 ? strerror((int)got) : "", as);
	_exit(1);
}

/* Locks are given in the order asked.  A few results differ by that from glibc's. */
static inline bool strict(void)
{
	return getenv("FIFOLOCK_TEST_STRICT") != NULL;
}

/* ---- workers ---- */

struct worker {
	int (*call)(void *);
	void *on;
	pthread_t thread;
	pid_t id;
	bool done;
	int rc;
};

static inline void *works(void *arg)
{
	struct worker *worker = arg;

	__atomic_store_n(&worker->id, gettid(), __ATOMIC_RELEASE);
	worker->rc = worker->call(worker->on);
	__atomic_store_n(&worker->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static inline void begins(struct worker *worker, int (*call)(void *), void *on)
{
	*worker = (struct worker){.call = call, .on = on};
	returns(pthread_create(&worker->thread, NULL, works, worker), 0);
}

static inline bool has_returned(struct worker *worker)
{
	return __atomic_load_n(&worker->done, __ATOMIC_ACQUIRE);
}

/* Until it sleeps.  If it returns instead, the caller's check fails. */
#define sleeps(worker)                                                 \
	do {                                                           \
		cr_assert(sleeps_(worker), "the call has not waited"); \
	} while (0)

static inline bool sleeps_(struct worker *worker)
{
	while (!has_returned(worker)) {
		pid_t id = __atomic_load_n(&worker->id, __ATOMIC_ACQUIRE);

		if (id && thread_state(id) == 'S')
			return !has_returned(worker);
		sched_yield();
	}
	return false;
}

#define queues(worker, call, on)            \
	do {                                \
		begins(worker, (call), on); \
		sleeps(worker);             \
	} while (0)

static inline int answer(struct worker *worker)
{
	returns(pthread_join(worker->thread, NULL), 0);
	return worker->rc;
}

#define all_answer(workers, count)                          \
	do {                                                \
		for (unsigned i_ = 0; i_ < (count); i_++)   \
			returns(answer(&(workers)[i_]), 0); \
	} while (0)

/* They make the call at the same time. */
#define together(workers, count, call, on)                \
	do {                                              \
		for (unsigned i_ = 0; i_ < (count); i_++) \
			begins(&(workers)[i_], call, on); \
		all_answer(workers, count);               \
	} while (0)

/* What the call says in a thread of its own. */
static inline int elsewhere(int (*call)(void *), void *on)
{
	struct worker worker;

	begins(&worker, call, on);
	return answer(&worker);
}

/* Threads that would run have had many occasions. */
static inline void lets_others_run(void)
{
	for (unsigned i = 0; i < 100; i++)
		sched_yield();
}

/* ---- calls for workers ---- */

static inline int lock_mutex(void *mutex)
{
	return pthread_mutex_lock(mutex);
}

static inline int try_mutex(void *mutex)
{
	return pthread_mutex_trylock(mutex);
}

static inline int unlock_mutex(void *mutex)
{
	return pthread_mutex_unlock(mutex);
}

/* Some mutexes have owners, and only these may give them back. */
static inline int visit_mutex(void *mutex)
{
	int rc = pthread_mutex_lock(mutex);

	return rc ? rc : pthread_mutex_unlock(mutex);
}

static inline int try_visit_mutex(void *mutex)
{
	int rc = pthread_mutex_trylock(mutex);

	return rc ? rc : pthread_mutex_unlock(mutex);
}

static inline int read_lock(void *lock)
{
	return pthread_rwlock_rdlock(lock);
}

static inline int write_lock(void *lock)
{
	return pthread_rwlock_wrlock(lock);
}

static inline int unlock_rwlock(void *lock)
{
	return pthread_rwlock_unlock(lock);
}

static inline int read_visit(void *lock)
{
	int rc = pthread_rwlock_rdlock(lock);

	return rc ? rc : pthread_rwlock_unlock(lock);
}

static inline int write_visit(void *lock)
{
	int rc = pthread_rwlock_wrlock(lock);

	return rc ? rc : pthread_rwlock_unlock(lock);
}

static inline int try_read_visit(void *lock)
{
	int rc = pthread_rwlock_tryrdlock(lock);

	return rc ? rc : pthread_rwlock_unlock(lock);
}

static inline int try_write_visit(void *lock)
{
	int rc = pthread_rwlock_trywrlock(lock);

	return rc ? rc : pthread_rwlock_unlock(lock);
}

static inline int wait_sem(void *sem)
{
	return sem_wait(sem) ? errno : 0;
}

/* ---- the ways to wait no longer than until a moment ---- */

enum { TIMED, CLOCKED_REALTIME, CLOCKED_MONOTONIC, TIMED_WAYS };

static inline clockid_t clock_of(unsigned way)
{
	return way == CLOCKED_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

static inline bool clock_has_passed(clockid_t clock, const struct timespec *moment)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec > moment->tv_sec ||
	       (now.tv_sec == moment->tv_sec && now.tv_nsec >= moment->tv_nsec);
}

static const struct timespec bad_times[] __attribute__((unused)) = {
	{.tv_sec = 0, .tv_nsec = -1},
	{.tv_sec = 0, .tv_nsec = 1000000000},
	{.tv_sec = INT32_MAX, .tv_nsec = -1},
	{.tv_sec = INT32_MAX, .tv_nsec = 1000000000},
	{.tv_sec = INT32_MAX, .tv_nsec = LONG_MIN},
};

static const struct timespec past_times[] __attribute__((unused)) = {
	{.tv_sec = 0, .tv_nsec = 0},	     {.tv_sec = 0, .tv_nsec = 999999999},
	{.tv_sec = -1, .tv_nsec = 0},	     {.tv_sec = -1, .tv_nsec = 999999999},
	{.tv_sec = INT64_MIN, .tv_nsec = 0},
};

/* ---- a thread that locks, and gives back when it is told to ---- */

struct holder {
	struct worker worker;
	int (*lock)(void *), (*unlock)(void *);
	void *on;
	int tell[2]; /* a pipe */
	bool holds;
};

static inline int holds_until_told(void *arg)
{
	struct holder *holder = arg;
	int rc = holder->lock(holder->on);
	char word;

	if (rc)
		return rc;
	__atomic_store_n(&holder->holds, true, __ATOMIC_RELEASE);
	returns(read(holder->tell[0], &word, 1), 1);
	return holder->unlock(holder->on);
}

static inline void asks(struct holder *holder, int (*lock)(void *), int (*unlock)(void *),
			void *on)
{
	*holder = (struct holder){.lock = lock, .unlock = unlock, .on = on};
	returns(pipe(holder->tell), 0);
	begins(&holder->worker, holds_until_told, holder);
}

static inline bool holds(struct holder *holder)
{
	return __atomic_load_n(&holder->holds, __ATOMIC_ACQUIRE);
}

static inline void until_it_holds(struct holder *holder)
{
	while (!holds(holder)) {
		cr_assert(!has_returned(&holder->worker), "the call has failed");
		sched_yield();
	}
}

static inline void has(struct holder *holder, int (*lock)(void *), int (*unlock)(void *),
		       void *on)
{
	asks(holder, lock, unlock, on);
	until_it_holds(holder);
}

/* It is to wait in its lock call. */
static inline void lines_up(struct holder *holder, int (*lock)(void *),
			    int (*unlock)(void *), void *on)
{
	asks(holder, lock, unlock, on);
	sleeps(&holder->worker);
	cr_assert(!holds(holder), "the call has not waited");
}

static inline int gives_back(struct holder *holder)
{
	int rc;

	returns(write(holder->tell[1], "", 1), 1);
	rc = answer(&holder->worker);
	close(holder->tell[0]);
	close(holder->tell[1]);
	return rc;
}

/* ---- memory that a child process shares ---- */

static inline void *shared_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	cr_assert(page != MAP_FAILED);
	return page;
}

/* The child has ended by itself, and all its checks held. */
static inline void child_is_well(pid_t child)
{
	int status = -1;

	returns(waitpid(child, &status, 0), child);
	returns(status, 0);
}

static inline void child_sleeps(pid_t child)
{
	char path[32];

	snprintf(path, sizeof(path), "%d", (int)child);
	while (watch_state(child, path) != 'S')
		sched_yield();
}

#endif
