/* SPDX-License-Identifier: MIT
 *
 * close_forced.c - a closing at every step of a call that blocks, and looks at a lock
 * whose scanner has been stopped.
 *
 * The library is compiled once more with hooks at its events (hooks.h): in a hook of the
 * thread under test another thread acts, and is waited for.
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "other_thread.h"
#include "common.h"
#include "core/queue.h"

#include <fifolock/cond.h>
#include <fifolock/inspect.h>
#include <signal.h>
#include <sys/time.h>

_Thread_local struct hooks hooks;

static fifolock_t lock, other;
static fifolock_cond_t cond;
static fifolock_modes_t modes;

/* Threads play each other's parts here. */
static void opens(const fifolock_modes_t *table)
{
	modes = unowned(table);
	fifolock_init(&lock, &modes);
	fifolock_init(&other, &modes);
}

static void closes(void)
{
	if (fifolock_close(&lock))
		abort();
}

static void closes_and_reopens(void)
{
	if (fifolock_close(&lock) || fifolock_reopen(&lock))
		abort();
}

static void closes_and_broadcasts(void)
{
	if (fifolock_close(&lock) || fifolock_cond_broadcast(&cond))
		abort();
}

static void closed_elsewhere(void)
{
	elsewhere(closes);
}

static void reopened_elsewhere(void)
{
	elsewhere(closes_and_reopens);
}

static void broadcast_elsewhere(void)
{
	elsewhere(closes_and_broadcasts);
}

/* ---- waiting for a condition ---- */

/* Where in the wait the hook is: its thread never sleeps unless it is lost. */
enum moment { BEFORE, BEFORE_LISTED, AS_IT_LOOKS, AS_IT_GIVES_BACK, AS_IT_FALLS_ASLEEP };

static void (*at_last)(void);

static void when_it_has_looked(void)
{
	hooks.loads = &lock.word;
	hooks.loaded = at_last;
}

static void at_moment(enum moment moment, void (*act)(void))
{
	switch (moment) {
	case BEFORE:
		act();
		break;
	case BEFORE_LISTED:
		hooks.loads = &cond.guard.word;
		hooks.loaded = act;
		break;
	case AS_IT_LOOKS:
		hooks.loads = &lock.control;
		hooks.loaded = act;
		break;
	case AS_IT_GIVES_BACK:
		hooks.loads = &lock.control;
		hooks.loaded = when_it_has_looked;
		at_last = act;
		break;
	case AS_IT_FALLS_ASLEEP:
		hooks.sleep = act;
		break;
	}
}

static int waits(bool timed)
{
	struct timespec deadline = in_an_hour();

	return timed ? fifolock_cond_timedwait(&cond, &lock, X, &deadline)
		     : fifolock_cond_wait(&cond, &lock, X);
}

static void is_turned_away_at(enum moment moment, void (*act)(void), bool timed)
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	at_moment(moment, act);
	cr_assert_eq(waits(timed), ECANCELED, "at %d", moment);
	hooks = (struct hooks){0};
	cr_assert_eq(fifolock_holds(&lock, X), 0);
	cr_assert_null(cond.last, "still listed");
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static void is_turned_away_at_every_moment(void (*act)(void))
{
	for (int moment = BEFORE; moment <= AS_IT_FALLS_ASLEEP; moment++) {
		is_turned_away_at((enum moment)moment, act, false);
		is_turned_away_at((enum moment)moment, act, true);
	}
}

Test(closing, is_seen_at_every_moment_of_a_wait_for_a_condition, .description = "G4")
{
	is_turned_away_at_every_moment(closed_elsewhere);
}

Test(closing, with_a_broadcast_after_it_likewise, .description = "G4")
{
	is_turned_away_at_every_moment(broadcast_elsewhere);
}

/* As for those in line: they have been turned away before it is open again. */
Test(closing, ends_a_wait_though_the_lock_is_open_again, .description = "G4")
{
	for (int moment = AS_IT_LOOKS; moment <= AS_IT_FALLS_ASLEEP; moment++) {
		is_turned_away_at((enum moment)moment, reopened_elsewhere, false);
		is_turned_away_at((enum moment)moment, reopened_elsewhere, true);
	}
}

Test(closing, that_is_over_before_the_wait_begins_does_not_count, .description = "G3")
{
	struct timespec past = test_in_ns(CLOCK_MONOTONIC, 1000000);

	opens(&fifolock_shared_exclusive_modes);
	closes_and_reopens();
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_cond_timedwait(&cond, &lock, X, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* ---- a signal to one that was turned away ---- */

static int rc_of_other;
static bool other_waits; /* atomic */

static void waits_with_the_other_lock(void)
{
	rc_of_other = fifolock_lock(&other, X);
	__atomic_store_n(&other_waits, true, __ATOMIC_RELEASE);
	if (!rc_of_other)
		rc_of_other = fifolock_cond_wait(&cond, &other, X);
	if (!rc_of_other)
		rc_of_other = fifolock_unlock(&other, X);
}

static void until_the_other_waits(void)
{
	while (!__atomic_load_n(&other_waits, __ATOMIC_ACQUIRE))
		sched_yield();
	if (fifolock_lock(&other, X) || fifolock_unlock(&other, X))
		abort();
}

static pthread_t second;

static void closes_and_signals_once(void)
{
	second = begins(waits_with_the_other_lock);
	until_the_other_waits();
	closed_elsewhere();
	if (fifolock_cond_signal(&cond))
		abort();
	pthread_join(second, NULL);
}

Test(closing, leaves_the_signal_to_the_next_at_the_condition, .description = "G3 G4")
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	hooks.sleep = closes_and_signals_once;
	cr_assert_eq(fifolock_cond_wait(&cond, &lock, X), ECANCELED);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(rc_of_other, 0);
	cr_assert_null(cond.last);
	is_free(&lock);
	is_free(&other);
}

/* ---- slots that a closing rouses too late ---- */

static void signals(void)
{
	if (fifolock_cond_signal(&cond))
		abort();
}

/* As a closing does whose slot has moved on. */
static void rouses_everybody_and_signals(void)
{
	for (uint32_t id = 1; id <= fl_slots_made(); id++)
		__atomic_fetch_or(&fl_slot_at(id)->word, FL_ROUSED, __ATOMIC_RELEASE);
	hooks.sleep = signals;
}

Test(closing, of_what_a_slot_waited_for_before_ends_no_wait, .description = "G4")
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	hooks.sleep = rouses_everybody_and_signals;
	cr_assert_eq(fifolock_cond_wait(&cond, &lock, X), 0);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

static void rouses_everybody_and_gives_back(void)
{
	rouses_everybody_and_signals();
	hooks.sleep = NULL;
	if (fifolock_unlock(&lock, X))
		abort();
}

Test(closing, of_what_a_slot_waited_for_before_disturbs_nobody_in_line,
     .description = "G3 G4")
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	hooks.sleep = rouses_everybody_and_gives_back;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* ---- all other calls that block ---- */

static void counts_up(void *count)
{
	++*(unsigned *)count;
}

static fifolock_request_t request;
static unsigned ran;

static int blocks(int how, const struct timespec *deadline)
{
	switch (how) {
	case 0:
		return fifolock_lock(&lock, X);
	case 1:
		return fifolock_timedlock(&lock, X, deadline);
	case 2:
		return fifolock_run(&lock, X, counts_up, &ran);
	case 3:
		return fifolock_run(&lock, S, counts_up, &ran);
	case 4:
		return fifolock_convert(&lock, U, X);
	case 5:
		return fifolock_timedconvert(&lock, U, X, deadline);
	case 6:
		return fifolock_request_wait(&request, NULL);
	case 7:
		return fifolock_request_wait(&request, deadline);
	default:
		return fifolock_tryconvert(&lock, U, X);
	}
}

/* S and U are held by others of this thread, and one has asked for X already. */
static void sees_it(int how, void (**hook)(void))
{
	struct timespec deadline = in_an_hour();

	opens(&fifolock_update_modes);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(requests(&lock, X, 1, &request), EINPROGRESS);
	if (hook)
		*hook = closed_elsewhere;
	else
		closed_elsewhere();
	cr_assert_eq(blocks(how, &deadline), ECANCELED, "call %d", how);
	hooks = (struct hooks){0};
	cr_assert_eq(fifolock_holds(&lock, U), 1, "kept");
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(ran, 0);
	is_free(&lock);
}

Test(closing, is_seen_by_every_call_that_blocks, .description = "G4")
{
	for (int how = 0; how <= 8; how++)
		sees_it(how, NULL);
	for (int how = 0; how <= 5; how++) {
		sees_it(how, &hooks.join);
		sees_it(how, &hooks.sleep);
	}
	sees_it(4,
		&hooks.scan); /* conversions; the others come behind one and need not scan */
	sees_it(5, &hooks.scan);
	sees_it(6, &hooks.sleep);
	sees_it(7, &hooks.sleep);
}

static void loses_its_hold_in_a_bump(void (**hook)(void))
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(requests(&lock, X, 1, &request), EINPROGRESS);
	*hook = closed_elsewhere;
	cr_assert_eq(fifolock_bump(&lock, S), ECANCELED);
	cr_assert_null(*hook);
	if (fifolock_request_poll(&request) == 0) /* let in before the closing */
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

Test(closing, is_seen_by_a_bump, .description = "G4")
{
	loses_its_hold_in_a_bump(&hooks.join);
	loses_its_hold_in_a_bump(&hooks.sleep);
}

/* ---- a scanner that is stopped in the middle ---- */

static int dumped, taken, bumped, reopened;
static bool contends;
static uint32_t place;
static fifolock_request_t behind;

static void everybody_looks(void)
{
	struct fifolock_snapshot snapshot;
	FILE *null = fopen("/dev/null", "w");

	if (!null)
		abort();
	dumped = fifolock_dump(&lock, null);
	taken = fifolock_snapshot(&lock, &snapshot, NULL, 0);
	contends = fifolock_contended(&lock, S);
	bumped = fifolock_bump(&lock, S);
	place = fifolock_request_position(&behind);
	fclose(null);
}

static void is_frozen(void)
{
	elsewhere(everybody_looks);
}

/* Each look ends by itself while the scanner is where it is: that this returns is the
 * test. */
Test(looks, give_up_on_a_scanner_that_is_stopped, .description = "snapshot")
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(requests(&lock, X, 1, &request), EINPROGRESS);
	cr_assert_eq(requests(&lock, X, 1, &behind), EINPROGRESS);
	hooks.scan = is_frozen;
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_null(hooks.scan);
	cr_assert_eq(dumped, EAGAIN);
	cr_assert_eq(taken, EAGAIN);
	cr_assert_not(contends);
	cr_assert_eq(bumped, EAGAIN);
	cr_assert_eq(place, UINT32_MAX);
	cr_assert_eq(fifolock_holds(&lock, S), 1, "kept by the one that bumped");
	cr_assert(fifolock_contended(&lock, S));
	cr_assert_eq(fifolock_request_position(&behind), 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_poll(&behind), 0);
	is_free(&lock);
}

static void takes_one_more(void)
{
	if (fifolock_trylock(&lock, S))
		abort();
}

static void one_more_taken_elsewhere(void)
{
	elsewhere(takes_one_more);
}

Test(looks, begin_anew_where_the_lock_has_changed_meanwhile, .description = "snapshot")
{
	struct fifolock_snapshot snapshot;

	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	hooks.loads = &lock.control;
	hooks.loaded = one_more_taken_elsewhere;
	cr_assert_eq(fifolock_snapshot(&lock, &snapshot, NULL, 0), 0);
	cr_assert_null(hooks.loaded);
	cr_assert_eq(snapshot.holds[S], 2);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	is_free(&lock);
}

static sigset_t alarms;
static int64_t looked_ns;

static void only_interrupts(int signal)
{
	(void)signal;
}

static void looks_amid_signals(void)
{
	const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
	struct timespec begun = test_in_ns(CLOCK_MONOTONIC, 0), ended;

	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	contends = fifolock_contended(&lock, S);
	setitimer(ITIMER_REAL, &never, NULL);
	ended = test_in_ns(CLOCK_MONOTONIC, 0);
	looked_ns = (ended.tv_sec - begun.tv_sec) * INT64_C(1000000000) + ended.tv_nsec -
		    begun.tv_nsec;
}

static void is_frozen_amid_signals(void)
{
	elsewhere(looks_amid_signals);
}

/* Each cuts a nap short, in the thread that looks: it is the only one that takes them. */
Test(looks, are_as_patient_when_signals_come, .description = "snapshot")
{
	struct sigaction action = {.sa_handler = only_interrupts};

	opens(&fifolock_shared_exclusive_modes);
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(requests(&lock, X, 1, &request), EINPROGRESS);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	hooks.scan = is_frozen_amid_signals;
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_null(hooks.scan);
	cr_assert_not(contends);
	cr_assert_geq(looked_ns, INT64_C(90000000), "a tenth of a second");
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

static void is_reopened(void)
{
	reopened = fifolock_reopen(&lock);
}

static void is_frozen_and_reopened(void)
{
	elsewhere(is_reopened);
}

Test(looks, and_so_does_a_reopening, .description = "G4")
{
	opens(&fifolock_shared_exclusive_modes);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(requests(&lock, X, 1, &request), EINPROGRESS);
	hooks.scan = is_frozen_and_reopened;
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_null(hooks.scan);
	cr_assert_eq(reopened, EAGAIN);
	cr_assert_eq(fifolock_request_poll(&request), ECANCELED);
	cr_assert_eq(fifolock_trylock(&lock, X), ECANCELED, "still closed");
	cr_assert_eq(fifolock_reopen(&lock), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* ---- a signal that is not over ---- */

static unsigned waiters_mode;
static bool back, was_back;

static void waits_for_the_signal(void)
{
	if (fifolock_lock(&lock, waiters_mode) ||
	    fifolock_cond_wait(&cond, &lock, waiters_mode) ||
	    fifolock_unlock(&lock, waiters_mode))
		abort();
	set(&back);
}

/* It has given its hold back when this returns. */
static pthread_t one_waits(unsigned mode)
{
	pthread_t waiter;

	waiters_mode = mode;
	waiter = begins(waits_for_the_signal);
	while (!__atomic_load_n(&cond.last, __ATOMIC_RELAXED) ||
	       fifolock_holds(&lock, mode))
		sched_yield();
	return waiter;
}

/* The waiter is given its chance: it has been granted, and could free the condition. */
static void is_about_to_give_the_guard(void)
{
	for (unsigned turn = 0; turn < 5000 && !was_back; turn++) {
		sched_yield();
		was_back = __atomic_load_n(&back, __ATOMIC_ACQUIRE);
	}
}

static void has_granted(void)
{
	hooks.loads = &cond.guard.word;
	hooks.loaded = is_about_to_give_the_guard;
}

Test(cond, a_waiter_returns_when_the_signal_is_done_with_the_condition,
     .description = "G5")
{
	pthread_t waiter;

	opens(&fifolock_mutex_modes);
	waiter = one_waits(X);
	hooks.grant = has_granted;
	cr_assert_eq(fifolock_cond_signal(&cond), 0);
	cr_assert_null(hooks.loaded, "not granted by the signal");
	cr_assert_not(was_back);
	pthread_join(waiter, NULL);
	is_free(&lock);
}

/* ---- callbacks that a signal makes due ---- */

static fifolock_request_t beside;
static bool seen;

/* The callback waits for the thread that the same signal lets in; not for ever, to be told of. */
static void meets_the_waiter(void *ctx, int status)
{
	const time_t end = test_in_ns(CLOCK_MONOTONIC, 0).tv_sec + 10;

	(void)ctx;
	while (status == 0 && !__atomic_load_n(&back, __ATOMIC_ACQUIRE) &&
	       test_in_ns(CLOCK_MONOTONIC, 0).tv_sec < end)
		sched_yield();
	seen = __atomic_load_n(&back, __ATOMIC_ACQUIRE);
}

static void asks_beside_and_gives_back(void)
{
	if (fifolock_request(&lock, S, 1, &beside, meets_the_waiter, NULL) !=
		    EINPROGRESS ||
	    fifolock_unlock(&lock, X))
		abort();
}

static void given_back_elsewhere(void)
{
	elsewhere(asks_beside_and_gives_back);
}

Test(cond, a_callback_of_the_signal_may_wait_for_the_thread_that_is_let_in,
     .description = "G3")
{
	pthread_t waiter;

	opens(&fifolock_shared_exclusive_modes);
	waiter = one_waits(S);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	hooks.scan = given_back_elsewhere;
	cr_assert_eq(fifolock_cond_signal(&cond), 0);
	cr_assert_null(hooks.scan, "the signal did not scan");
	cr_assert(seen, "it is not told before callbacks have run");
	pthread_join(waiter, NULL);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	is_free(&lock);
}
