/* SPDX-License-Identifier: MIT
 *
 * errors.c - what the functions of one lock can answer (errors.h).
 */
#include "errors.h"
#include "observe/book.h"
#include "core/word.h"

#include <fifolock/cond.h>
#include <fifolock/inspect.h>
#include <fifolock/request.h>
#include <pthread.h>
#include <sched.h>

/* What a call is made with; each takes what it needs. */
struct with {
	unsigned mode, to;
	uint32_t n;
	clockid_t clock;
	const struct timespec *at;
};

static fifolock_modes_t modes; /* fifolock_update_modes, whichever thread gives it back */
static fifolock_t lock;
static fifolock_cond_t cond;
static fifolock_request_t request, other;
static fifolock_section_t later;
static fifolock_stats_t stats;
static struct fifolock_snapshot shot;
static struct fifolock_counts counts;
static const struct fifolock_mode wide[2] = {{.max = UINT32_MAX}, {.max = UINT32_MAX}};
static size_t count;

static const struct with usual = {
	.mode = X, .n = 1, .clock = CLOCK_MONOTONIC, .at = &never};

static void ran(void *arg)
{
	(void)arg;
}

static bool no_rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	return holds && mode && ctx;
}

/* ---- the calls ---- */

CALL(lock_, lock(&lock, with->mode))
CALL(lock_n, lock_n(&lock, with->mode, with->n))
CALL(trylock, trylock(&lock, with->mode))
CALL(trylock_n, trylock_n(&lock, with->mode, with->n))
CALL(timedlock, timedlock(&lock, with->mode, with->at))
CALL(timedlock_n, timedlock_n(&lock, with->mode, with->n, with->at))
CALL(clocklock, clocklock(&lock, with->mode, with->clock, with->at))
CALL(clocklock_n, clocklock_n(&lock, with->mode, with->n, with->clock, with->at))
CALL(unlock, unlock(&lock, with->mode))
CALL(unlock_n, unlock_n(&lock, with->mode, with->n))
CALL(convert, convert(&lock, with->mode, with->to))
CALL(tryconvert, tryconvert(&lock, with->mode, with->to))
CALL(timedconvert, timedconvert(&lock, with->mode, with->to, with->at))
CALL(bump, bump(&lock, with->mode))
CALL(run, run(&lock, with->mode, ran, NULL))
CALL(run_async, run_async(&lock, with->mode, &later, ran, NULL, NULL, NULL))
CALL(request_, request(&lock, with->mode, with->n, &request, NULL, NULL))
CALL(request_convert, request_convert(&lock, with->mode, with->to, &request))
CALL(request_wait, request_wait(&request, with->at))
CALL(request_poll, request_poll(&request))
CALL(request_cancel, request_cancel(&request))
CALL(cond_wait, cond_wait(&cond, &lock, with->mode))
CALL(cond_timedwait, cond_timedwait(&cond, &lock, with->mode, with->at))
CALL(cond_clockwait, cond_clockwait(&cond, &lock, with->mode, with->clock, with->at))
CALL(destroy, destroy(&lock))
CALL(close_, close(&lock))
CALL(reopen, reopen(&lock))
CALL(limit_waiters, limit_waiters(&lock, with->n))
CALL(snapshot, snapshot(&lock, &shot, NULL, 0))
CALL(dump, dump(&lock, stdout))
CALL(dump_to_none, dump(&lock, NULL))
CALL(init_null, init(NULL, NULL))
CALL(holders_, holders(&lock, NULL, 0, &count))
CALL(holders_null, holders(NULL, NULL, 0, NULL))
CALL(on_report, debug_on_report(NULL, NULL))
CALL(stats_read, stats_read(&stats, with->mode, &counts))
CALL(stats_init_null, stats_init(NULL, NULL, NULL))
CALL(compile_none, modes_compile(&modes, wide, 0, NULL, 0))
CALL(compile_too_wide, modes_compile(&modes, wide, 2, NULL, 0))
CALL(semaphore_null, modes_semaphore(NULL, 1))
CALL(semaphore_of_none, modes_semaphore(&modes, 0))
CALL(predicate_null, modes_predicate(&modes, 1, 1, NULL, NULL))
CALL(predicate_of_none, modes_predicate(&modes, 1, 0, no_rule, NULL))
CALL(owner_checked_null, modes_owner_checked(NULL, true))

/* ---- what they are called in ---- */

static int no_such_mode(called *call)
{
	struct with with = usual;

	with.mode = NONE;
	return call(&with);
}

static int of_no_weight(called *call)
{
	struct with with = usual;

	with.n = 0;
	return call(&with);
}

static int as_usual(called *call)
{
	return call(&usual);
}

static int while_held(called *call)
{
	must(fifolock_lock(&lock, X) == 0);
	return call(&usual);
}

static int late_while_held(called *call)
{
	struct with with = usual;

	with.at = &past;
	must(fifolock_lock(&lock, X) == 0);
	return call(&with);
}

static int while_closed(called *call)
{
	must(fifolock_close(&lock) == 0);
	return call(&usual);
}

static int while_held_and_closed(called *call)
{
	must(fifolock_lock(&lock, X) == 0);
	return while_closed(call);
}

static int while_full(called *call)
{
	must(fifolock_lock(&lock, X) == 0 && fifolock_limit_waiters(&lock, 1) == 0 &&
	     fifolock_request(&lock, X, 1, &other, NULL, NULL) == EINPROGRESS);
	return call(&usual);
}

static int while_destroyed(called *call)
{
	must(fifolock_destroy(&lock) == 0);
	return call(&usual);
}

/* A thread in the middle of granting is off its processor for good. */
static int while_another_scans(called *call)
{
	must(fifolock_lock(&lock, X) == 0 && fifolock_close(&lock) == 0);
	__atomic_fetch_or(&lock.word, FL_SCANNING, __ATOMIC_SEQ_CST);
	return call(&usual);
}

static int from_shared(called *call, const struct timespec *at)
{
	struct with with = usual;

	with.mode = S;
	with.to = X;
	with.at = at;
	return call(&with);
}

/* As an absolute time is usually made, by mistake on the wrong clock. */
static int in_a_second_of_the_other_clock(called *call)
{
	struct timespec at;
	struct with with = usual;

	must(clock_gettime(CLOCK_REALTIME, &at) == 0);
	at.tv_sec++;
	with.at = &at;
	must(fifolock_lock(&lock, X) == 0);
	must(fifolock_request(&lock, X, 1, &request, NULL, NULL) == EINPROGRESS);
	return call(&with);
}

static int beside_another_by_the_other_clock(called *call)
{
	struct timespec at;

	must(clock_gettime(CLOCK_REALTIME, &at) == 0);
	must(fifolock_lock_n(&lock, S, 2) == 0);
	return from_shared(call, &at);
}

static int with_a_clock_that_is_none(called *call)
{
	struct with with = usual;

	with.clock = CLOCK_PROCESS_CPUTIME_ID;
	return call(&with);
}

static int with_a_time_that_is_none(called *call)
{
	struct with with = usual;

	with.at = &wrong;
	return call(&with);
}

/* No memory but what there is, and no slot in that. */
static void exhaust(void)
{
	static fifolock_request_t many[4096];
	static fifolock_t full;
	unsigned i = 0;

	must(fifolock_lock(&full, X) == 0);
	no_more_memory();
	while (fifolock_request(&full, X, 1, &many[i++], NULL, NULL) == EINPROGRESS)
		must(i < 4096);
}

static int without_memory(called *call)
{
	must(fifolock_lock(&lock, X) == 0);
	exhaust();
	return call(&usual);
}

static int beside_another(called *call)
{
	must(fifolock_lock_n(&lock, S, 2) == 0);
	return from_shared(call, &past);
}

static int beside_another_without_memory(called *call)
{
	must(fifolock_lock_n(&lock, S, 2) == 0);
	exhaust();
	return from_shared(call, &never);
}

static int beside_another_while_closed(called *call)
{
	must(fifolock_close(&lock) == 0);
	must(fifolock_reopen(&lock) == 0);
	must(fifolock_lock_n(&lock, S, 2) == 0);
	must(fifolock_close(&lock) == 0);
	return from_shared(call, &never);
}

static void *converts(void *unused)
{
	must(fifolock_convert(&lock, S, X) == 0);
	return unused;
}

static int beside_another_that_converts(called *call)
{
	pthread_t thread;

	must(fifolock_lock_n(&lock, S, 2) == 0);
	must(pthread_create(&thread, NULL, converts, NULL) == 0);
	while (fifolock_waiting(&lock) == 0)
		sched_yield();
	return from_shared(call, &never);
}

/* Closed when the one that was in line before has the hold, and the bump is in line. */
static void *closes(void *unused)
{
	while (fifolock_request_poll(&other) != 0)
		sched_yield();
	must(fifolock_close(&lock) == 0);
	return unused;
}

static int and_closed_meanwhile(called *call)
{
	pthread_t thread;
	int error;

	must(fifolock_lock(&lock, X) == 0);
	must(fifolock_request(&lock, X, 1, &other, NULL, NULL) == EINPROGRESS);
	must(pthread_create(&thread, NULL, closes, NULL) == 0);
	error = call(&usual);
	pthread_join(thread, NULL);
	return error;
}

static int of_a_request_in_line(called *call)
{
	struct with with = usual;

	with.at = &past;
	must(fifolock_lock(&lock, X) == 0);
	must(fifolock_request(&lock, X, 1, &request, NULL, NULL) == EINPROGRESS);
	return call(&with);
}

static int of_a_request_turned_away(called *call)
{
	must(fifolock_lock(&lock, X) == 0);
	must(fifolock_request(&lock, X, 1, &request, NULL, NULL) == EINPROGRESS);
	return while_closed(call);
}

static int of_a_request_granted(called *call)
{
	must(fifolock_request(&lock, X, 1, &request, NULL, NULL) == 0);
	return call(&usual);
}

static int over_the_most(called *call)
{
	struct with with = usual;

	with.n = 524288;
	return call(&with);
}

/* A thread that books has been stopped: it has entered and does not leave. */
static int while_booking_is_stopped(called *call)
{
	fl_book_of(&stats.modes, X)->door++;
	return call(&usual);
}

/* ---- all of them ---- */

static const struct row rows[] = {
	ROW(init, init_null, EINVAL, as_usual),
	ROW(destroy, destroy, EINVAL, while_destroyed),
	ROW(destroy, destroy, EBUSY, while_held),
	ROW(lock, lock_, EINVAL, no_such_mode),
	ROW(lock, lock_, ECANCELED, while_closed),
	ROW(lock, lock_, EAGAIN, while_full),
	ROW(lock_n, lock_n, EINVAL, no_such_mode),
	ROW(lock_n, lock_n, ERANGE, of_no_weight),
	ROW(lock_n, lock_n, ECANCELED, while_closed),
	ROW(lock_n, lock_n, EAGAIN, while_full),
	ROW(trylock, trylock, EINVAL, no_such_mode),
	ROW(trylock, trylock, EBUSY, while_held),
	ROW(trylock, trylock, ECANCELED, while_closed),
	ROW(trylock_n, trylock_n, EINVAL, no_such_mode),
	ROW(trylock_n, trylock_n, ERANGE, of_no_weight),
	ROW(trylock_n, trylock_n, EBUSY, while_held),
	ROW(trylock_n, trylock_n, ECANCELED, while_closed),
	ROW(timedlock, timedlock, EINVAL, no_such_mode),
	ROW(timedlock, timedlock, EINVAL, with_a_time_that_is_none),
	ROW(timedlock, timedlock, EINVAL, in_a_second_of_the_other_clock),
	ROW(timedlock, timedlock, ETIMEDOUT, late_while_held),
	ROW(timedlock, timedlock, ECANCELED, while_closed),
	ROW(timedlock, timedlock, EAGAIN, while_full),
	ROW(timedlock_n, timedlock_n, EINVAL, no_such_mode),
	ROW(timedlock_n, timedlock_n, EINVAL, in_a_second_of_the_other_clock),
	ROW(timedlock_n, timedlock_n, ERANGE, of_no_weight),
	ROW(timedlock_n, timedlock_n, ETIMEDOUT, late_while_held),
	ROW(timedlock_n, timedlock_n, ECANCELED, while_closed),
	ROW(timedlock_n, timedlock_n, EAGAIN, while_full),
	ROW(clocklock, clocklock, EINVAL, no_such_mode),
	ROW(clocklock, clocklock, EINVAL, with_a_clock_that_is_none),
	ROW(clocklock, clocklock, EINVAL, in_a_second_of_the_other_clock),
	ROW(clocklock, clocklock, ETIMEDOUT, late_while_held),
	ROW(clocklock, clocklock, ECANCELED, while_closed),
	ROW(clocklock, clocklock, EAGAIN, while_full),
	ROW(clocklock_n, clocklock_n, EINVAL, no_such_mode),
	ROW(clocklock_n, clocklock_n, EINVAL, in_a_second_of_the_other_clock),
	ROW(clocklock_n, clocklock_n, ERANGE, of_no_weight),
	ROW(clocklock_n, clocklock_n, ETIMEDOUT, late_while_held),
	ROW(clocklock_n, clocklock_n, ECANCELED, while_closed),
	ROW(clocklock_n, clocklock_n, EAGAIN, while_full),
	ROW(unlock, unlock, EINVAL, no_such_mode),
	ROW(unlock, unlock, EPERM, as_usual),
	ROW(unlock_n, unlock_n, EINVAL, no_such_mode),
	ROW(unlock_n, unlock_n, ERANGE, of_no_weight),
	ROW(unlock_n, unlock_n, EPERM, as_usual),
	ROW(convert, convert, EINVAL, no_such_mode),
	ROW(convert, convert, EPERM, as_usual),
	ROW(convert, convert, EDEADLK, beside_another_that_converts),
	ROW(convert, convert, ECANCELED, beside_another_while_closed),
	ROW(tryconvert, tryconvert, EINVAL, no_such_mode),
	ROW(tryconvert, tryconvert, EPERM, as_usual),
	ROW(tryconvert, tryconvert, EBUSY, beside_another),
	ROW(tryconvert, tryconvert, ECANCELED, beside_another_while_closed),
	ROW(timedconvert, timedconvert, EINVAL, no_such_mode),
	ROW(timedconvert, timedconvert, EINVAL, with_a_time_that_is_none),
	ROW(timedconvert, timedconvert, EINVAL, beside_another_by_the_other_clock),
	ROW(timedconvert, timedconvert, EPERM, as_usual),
	ROW(timedconvert, timedconvert, ETIMEDOUT, beside_another),
	ROW(timedconvert, timedconvert, EDEADLK, beside_another_that_converts),
	ROW(timedconvert, timedconvert, ECANCELED, beside_another_while_closed),
	ROW(close, close_, EINVAL, while_destroyed),
	ROW(reopen, reopen, EINVAL, while_destroyed),
	ROW(reopen, reopen, EAGAIN, while_another_scans),
	ROW(limit_waiters, limit_waiters, EINVAL, while_destroyed),
	ROW(limit_waiters, limit_waiters, ERANGE, over_the_most),
	ROW(bump, bump, EINVAL, no_such_mode),
	ROW(bump, bump, EPERM, as_usual),
	ROW(bump, bump, EAGAIN, while_another_scans),
	ROW(bump, bump, ECANCELED, and_closed_meanwhile),
	ROW(cond_wait, cond_wait, EINVAL, no_such_mode),
	ROW(cond_wait, cond_wait, EPERM, as_usual),
	ROW(cond_wait, cond_wait, ECANCELED, while_held_and_closed),
	ROW(cond_timedwait, cond_timedwait, EINVAL, no_such_mode),
	ROW(cond_timedwait, cond_timedwait, EINVAL, with_a_time_that_is_none),
	ROW(cond_timedwait, cond_timedwait, EINVAL, in_a_second_of_the_other_clock),
	ROW(cond_timedwait, cond_timedwait, EPERM, as_usual),
	ROW(cond_timedwait, cond_timedwait, ETIMEDOUT, late_while_held),
	ROW(cond_timedwait, cond_timedwait, ECANCELED, while_held_and_closed),
	ROW(cond_clockwait, cond_clockwait, EINVAL, no_such_mode),
	ROW(cond_clockwait, cond_clockwait, EINVAL, with_a_clock_that_is_none),
	ROW(cond_clockwait, cond_clockwait, EINVAL, in_a_second_of_the_other_clock),
	ROW(cond_clockwait, cond_clockwait, EPERM, as_usual),
	ROW(cond_clockwait, cond_clockwait, ETIMEDOUT, late_while_held),
	ROW(cond_clockwait, cond_clockwait, ECANCELED, while_held_and_closed),
	ROW(request, request_, EINVAL, no_such_mode),
	ROW(request, request_, ERANGE, of_no_weight),
	ROW(request, request_, EINPROGRESS, while_held),
	ROW(request, request_, ECANCELED, while_closed),
	ROW(request, request_, EAGAIN, while_full),
	ROW(request, request_, ENOMEM, without_memory),
	ROW(request_convert, request_convert, EINVAL, no_such_mode),
	ROW(request_convert, request_convert, EPERM, as_usual),
	ROW(request_convert, request_convert, EINPROGRESS, beside_another),
	ROW(request_convert, request_convert, EDEADLK, beside_another_that_converts),
	ROW(request_convert, request_convert, ECANCELED, beside_another_while_closed),
	ROW(request_convert, request_convert, ENOMEM, beside_another_without_memory),
	ROW(request_cancel, request_cancel, EALREADY, of_a_request_granted),
	ROW(request_wait, request_wait, EINVAL, as_usual),
	ROW(request_wait, request_wait, EINVAL, in_a_second_of_the_other_clock),
	ROW(request_wait, request_wait, ETIMEDOUT, of_a_request_in_line),
	ROW(request_wait, request_wait, ECANCELED, of_a_request_turned_away),
	ROW(request_poll, request_poll, EINVAL, as_usual),
	ROW(request_poll, request_poll, EINPROGRESS, of_a_request_in_line),
	ROW(request_poll, request_poll, ECANCELED, of_a_request_turned_away),
	ROW(run, run, EINVAL, no_such_mode),
	ROW(run, run, ECANCELED, while_closed),
	ROW(run, run, EAGAIN, while_full),
	ROW(run_async, run_async, EINVAL, no_such_mode),
	ROW(run_async, run_async, EINPROGRESS, while_held),
	ROW(run_async, run_async, ECANCELED, while_closed),
	ROW(run_async, run_async, EAGAIN, while_full),
	ROW(run_async, run_async, ENOMEM, without_memory),
	ROW(snapshot, snapshot, EINVAL, while_destroyed),
	ROW(snapshot, snapshot, EAGAIN, while_another_scans),
	ROW(dump, dump, EINVAL, while_destroyed),
	ROW(dump, dump_to_none, EINVAL, as_usual),
	ROW(dump, dump, EAGAIN, while_another_scans),
	ROW(holders, holders_null, EINVAL, as_usual),
	ROW(holders, holders_, ENOTSUP, as_usual),
	ROW(debug_on_report, on_report, ENOTSUP, as_usual),
	ROW(stats_init, stats_init_null, EINVAL, as_usual),
	ROW(stats_read, stats_read, EINVAL, no_such_mode),
	ROW(stats_read, stats_read, EAGAIN, while_booking_is_stopped),
	ROW(modes_compile, compile_none, EINVAL, as_usual),
	ROW(modes_compile, compile_too_wide, ERANGE, as_usual),
	ROW(modes_semaphore, semaphore_null, EINVAL, as_usual),
	ROW(modes_semaphore, semaphore_of_none, ERANGE, as_usual),
	ROW(modes_predicate, predicate_null, EINVAL, as_usual),
	ROW(modes_predicate, predicate_of_none, ERANGE, as_usual),
	ROW(modes_owner_checked, owner_checked_null, EINVAL, as_usual),
};

/* Some things only one of the two builds says. */
static bool possible(const struct row *row)
{
	bool debug = fifolock_debug_on_report(NULL, NULL) == 0;

	if (row->error == ENOTSUP)
		return !debug;
	return row->call != holders_null || debug;
}

static void before_each(const struct row *row)
{
	(void)row;
	must(fifolock_init(&lock, &modes) == 0);
	must(fifolock_stats_init(&stats, "stats", NULL) == 0);
}

int main(void)
{
	modes = fifolock_update_modes;
	must(fifolock_modes_owner_checked(&modes, false) == 0);
	return provoke(rows, sizeof(rows) / sizeof(rows[0]), possible, before_each);
}
