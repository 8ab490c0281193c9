/* SPDX-License-Identifier: MIT
 *
 * regressions_forced.c - what others do in the few nanoseconds between two steps of one call.
 *
 * The library is compiled once more with hooks at its events (hooks.h), and in a hook of
 * the thread under test other threads act, and are waited for: so an interleaving is
 * played to the letter.  Each test here is one that has broken the library, and that
 * random threads hardly ever meet.
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "other_thread.h"
#include "test.h"
#include "core/slot.h"
#include "core/word.h"

#include <fifolock/request.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	X = FIFOLOCK_EXCLUSIVE,
	S = FIFOLOCK_SHARED,
	U = FIFOLOCK_UPDATE,
	IS = FIFOLOCK_INTENT_SHARED,
};

_Thread_local struct hooks hooks;

static fifolock_t lock;
static unsigned faults; /* atomic: what should not be, seen by any thread */

static void fault_if(bool bad)
{
	if (bad)
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

/* One is in line, and no thread scans any more. */
static void until_one_is_in_line(void)
{
	while (fifolock_waiting(&lock) != 1 ||
	       (__atomic_load_n(&lock.word, __ATOMIC_ACQUIRE) & FL_SCANNING))
		sched_yield();
}

static void takes(unsigned mode)
{
	cr_assert_eq(fifolock_trylock(&lock, mode), 0);
}

static void gives(unsigned mode)
{
	fault_if(fifolock_unlock(&lock, mode));
}

/* ---- requests and what they were told ---- */

struct job {
	fifolock_request_t request;
	int asked;	/* what fifolock_request said */
	unsigned calls; /* how often it was called back, */
	int status;	/* with what, */
	pthread_t in;	/* and in which thread */
};

static void told(void *ctx, int status)
{
	struct job *job = ctx;

	job->calls++;
	job->status = status;
	job->in = pthread_self();
}

static void told_and_gives(void *ctx, int status)
{
	told(ctx, status);
	gives(X);
}

static void asks(struct job *job, void (*granted)(void *ctx, int status))
{
	job->asked = fifolock_request(&lock, X, 1, &job->request, granted, job);
}

static void was_called_once(const struct job *job, bool here)
{
	cr_assert_eq(job->asked, EINPROGRESS);
	cr_assert_eq(job->calls, 1u);
	cr_assert_eq(job->status, 0);
	cr_assert_eq(!pthread_equal(job->in, pthread_self()), !here);
}

/* It holds, and gives back. */
static void had_its_turn(struct job *job)
{
	cr_assert_eq(job->asked, EINPROGRESS);
	cr_assert_eq(fifolock_request_poll(&job->request), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

static void is_free(void)
{
	cr_assert_eq(faults, 0u);
	for (unsigned mode = 0; mode < 6; mode++)
		cr_assert_eq(fifolock_holds(&lock, mode), 0u);
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	takes(X);
	gives(X);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- a slot that is done with while its owner still announces it ---- */

static struct job first, second, third;

/* The first is called back in this thread, and over; the second holds. */
static void the_second_asks_and_the_holder_gives(void)
{
	asks(&second, NULL);
	gives(X);
}

static void the_third_asks(void)
{
	asks(&third, told);
}

static void the_second_gives(void)
{
	fault_if(fifolock_request_poll(&second.request));
	gives(X);
}

static void as_the_first_scans(void)
{
	elsewhere(the_second_gives);
}

static void as_the_first_joins(void)
{
	elsewhere(the_second_asks_and_the_holder_gives);
	elsewhere(the_third_asks);
	hooks.scan = as_the_first_scans;
}

Test(windows, a_slot_is_not_used_again_while_its_owner_still_announces_it,
     .description = "G3")
{
	takes(X);
	hooks.join = as_the_first_joins;
	asks(&first, told_and_gives);
	cr_assert_neq(first.request.slot, third.request.slot);
	cr_assert_null(hooks.scan);
	was_called_once(&first, false);
	was_called_once(&third, true);
	cr_assert_eq(fifolock_request_poll(&third.request), 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	gives(X);
	is_free();
}

/* ---- ... and is used again right after that, before its owner has returned ---- */

/* It makes the first known. */
static void the_second_asks_in_vain(void)
{
	the_second_asks_and_the_holder_gives();
	fault_if(fifolock_request_cancel(&second.request));
}

/* As a handler would: it scans, and grants the third. */
static void it_has_been_freed(void)
{
	elsewhere(the_third_asks);
	gives(X);
}

static void as_it_is_freed(void)
{
	hooks.loaded = it_has_been_freed;
}

static void as_it_is_joined(void)
{
	hooks.loads = NULL; /* whatever is loaded next */
	hooks.loaded = as_it_is_freed;
}

static void the_first_is_called_back(void)
{
	elsewhere(the_second_asks_in_vain);
	hooks.loads = &((struct fl_slot *)first.request.slot)->word;
	hooks.loaded = as_it_is_joined;
}

Test(windows, a_grant_of_the_next_user_of_a_slot_is_not_taken_for_ones_own,
     .description = "G3")
{
	takes(X);
	hooks.join = the_first_is_called_back;
	asks(&first, told);
	cr_assert_null(hooks.loaded);
	cr_assert_eq(first.request.slot, third.request.slot);
	was_called_once(&first, false);
	was_called_once(&third, true);
	gives(X);
	is_free();
}

/* ---- a thread that asks while another one bumps ---- */

static void the_second_asks_to_give(void)
{
	asks(&second, told_and_gives);
}

static void as_the_first_is_granted(void)
{
	elsewhere(the_second_asks_to_give);
}

Test(windows, a_bump_is_in_line_before_its_hold_is_given_back, .description = "G1")
{
	takes(X);
	asks(&first, told_and_gives);
	hooks.grant = as_the_first_is_granted;
	cr_assert_eq(fifolock_bump(&lock, X), 0);
	cr_assert_null(hooks.grant);
	cr_assert_eq(first.calls, 1u);
	cr_assert_eq(second.calls, 0u);
	gives(X);
	cr_assert_eq(second.calls, 1u);
	is_free();
}

/* ---- a bump whose line is empty when it joins ---- */

static uint32_t held_then;

static void told_how_many_hold(void *ctx, int status)
{
	told(ctx, status);
	held_then = fifolock_holds(&lock, S);
}

static void the_first_cancels(void)
{
	fault_if(fifolock_request_cancel(&first.request));
}

static void the_second_asks_beside(void)
{
	second.asked = fifolock_request(&lock, S, 1, &second.request, told_how_many_hold,
					&second);
}

static void as_the_bump_scans(void)
{
	elsewhere(the_second_asks_beside);
}

static void as_the_bump_joins(void)
{
	hooks.scan = as_the_bump_scans;
}

/* The first, for which the hold is to be given back, is there no more. */
static void as_it_has_been_seen(void)
{
	elsewhere(the_first_cancels);
	hooks.join = as_the_bump_joins;
}

Test(windows, a_bump_calls_nothing_back_before_its_hold_is_given_back,
     .description = "G5")
{
	takes(S);
	asks(&first, told);
	hooks.scan = as_it_has_been_seen;
	cr_assert_eq(fifolock_bump(&lock, S), 0);
	cr_assert(!hooks.scan && !hooks.join);
	cr_assert_eq(first.calls, 0u, "cancelled");
	was_called_once(&second, true);
	cr_assert_eq(held_then, 2u);
	gives(S);
	gives(S);
	is_free();
}

/* ---- a conversion that the scanner takes with an older word in hand ---- */

static pthread_t converter;
static int converted;
static bool in_line; /* atomic */

static void is_in_line(void)
{
	set(&in_line);
}

static void converts(void)
{
	hooks.join = is_in_line;
	converted = fifolock_convert(&lock, S, X);
}

/* What the scanner knows of is UPDATE, what is converted is SHARED. */
static void converts_twice(void)
{
	fault_if(fifolock_convert(&lock, U, S));
	converts();
}

static void one_converts_twice(void)
{
	converter = begins(converts_twice);
	until(&in_line);
}

Test(windows, a_conversion_of_what_the_scanner_has_not_seen_yet_is_not_refused,
     .description = "G3")
{
	fifolock_init(&lock, &fifolock_intent_modes);
	takes(U);
	takes(IS);
	asks(&first, NULL);
	asks(&second, NULL);
	hooks.scan = one_converts_twice;
	cr_assert_eq(fifolock_request_cancel(&second.request), 0);
	cr_assert_null(hooks.scan);
	gives(IS);
	pthread_join(converter, NULL);
	cr_assert_eq(converted, 0);
	gives(X);
	had_its_turn(&first);
	is_free();
}

/* ---- a conversion that has timed out, and one that asks after it ---- */

static int gave_up;
static bool asleep, looking, returned; /* atomic */

/* It leaves when a scanner has found that no thread has left. */
static void sleeps(void)
{
	set(&asleep);
	until(&looking);
}

static void converts_in_vain(void)
{
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, 200000000);

	hooks.sleep = sleeps;
	gave_up = fifolock_timedconvert(&lock, S, X, &deadline);
	set(&returned);
}

static void it_gives_up_and_another_converts(void)
{
	set(&looking);
	until(&returned);
	converter = begins(converts);
	until(&in_line);
}

Test(windows, a_conversion_does_not_wait_for_one_that_has_timed_out, .description = "G4")
{
	pthread_t in_vain;

	takes(S);
	takes(S);
	takes(S);
	in_vain = begins(converts_in_vain);
	until(&asleep);
	hooks.loads = &lock.departed;
	hooks.loaded = it_gives_up_and_another_converts;
	asks(&first, NULL);
	cr_assert_null(hooks.loaded);
	pthread_join(in_vain, NULL);
	cr_assert_eq(gave_up, ETIMEDOUT);
	gives(S);
	gives(S);
	pthread_join(converter, NULL);
	cr_assert_eq(converted, 0);
	gives(X);
	had_its_turn(&first);
	is_free();
}

/* ---- a conversion that has timed out and has not told so yet, and one that asks meanwhile ---- */

static bool settled; /* atomic: it waits, or has been refused */

static void is_settled(void)
{
	set(&settled);
}

static void converts_or_is_refused(void)
{
	hooks.sleep = is_settled;
	converted = fifolock_convert(&lock, S, X);
	is_settled();
}

static void another_converts(void)
{
	converter = begins(converts_or_is_refused);
	until(&settled);
}

/* Later, if the deadline has passed before it was in line. */
static void gives_up(void)
{
	int64_t ns = 1000000;

	hooks.leave = another_converts;
	do {
		struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, ns);

		gave_up = fifolock_timedconvert(&lock, S, X, &deadline);
		ns *= 2;
	} while (gave_up == ETIMEDOUT && hooks.leave);
}

Test(windows, a_conversion_is_not_refused_because_of_one_that_has_timed_out,
     .description = "G3")
{
	takes(S);
	takes(S);
	elsewhere(gives_up);
	cr_assert_eq(gave_up, ETIMEDOUT);
	gives(S);
	pthread_join(converter, NULL);
	cr_assert_eq(converted, 0);
	gives(X);
	is_free();
}

/* ---- a hold that a thread takes away from a conversion already in the batch ---- */

static int mistake;

static void gives_what_is_not_its_own(void)
{
	mistake = fifolock_unlock(&lock, S);
}

static void somebody_errs(void)
{
	elsewhere(gives_what_is_not_its_own);
}

/* The holder of mode gives back, which would let the conversion have its turn. */
static void robbed_in_the_commit_of(unsigned mode)
{
	takes(S);
	takes(mode);
	converter = begins(converts);
	until_one_is_in_line();
	hooks.commit = somebody_errs;
	cr_assert_eq(fifolock_unlock(&lock, mode), 0);
	cr_assert_null(hooks.commit);
	pthread_join(converter, NULL);
	cr_assert_eq(mistake, 0, "a hold of that mode there was");
	cr_assert_eq(converted, EPERM);
	is_free();
}

Test(windows, a_conversion_robbed_of_its_hold_as_it_is_granted_is_refused,
     .description = "G2 G7")
{
	robbed_in_the_commit_of(S);
}

Test(windows, and_so_it_is_where_another_mode_is_given_back, .description = "G2 G7")
{
	fifolock_init(&lock, &fifolock_intent_modes);
	robbed_in_the_commit_of(IS);
}

/* ---- a handler that unlocks while its thread commits ---- */

static fifolock_t others;
static volatile sig_atomic_t in_handler;
static bool called_in_handler;
static int cancelled;

static void unlocks_the_other(int signal)
{
	(void)signal;
	in_handler = 1;
	fault_if(fifolock_unlock(&others, X));
	in_handler = 0;
}

static void cancels_the_first(void *ctx, int status)
{
	told(ctx, status);
	called_in_handler = in_handler;
	cancelled = fifolock_request_cancel(&first.request);
	fault_if(fifolock_unlock(&others, X));
}

static void is_interrupted(void)
{
	raise(SIGUSR1);
}

Test(windows, a_callback_due_in_a_handler_waits_for_the_call_it_interrupted,
     .description = "G3 G4")
{
	signal(SIGUSR1, unlocks_the_other);
	takes(X);
	asks(&first, told);
	cr_assert_eq(fifolock_trylock(&others, X), 0);
	second.asked = fifolock_request(&others, X, 1, &second.request, cancels_the_first,
					&second);
	hooks.commit = is_interrupted;
	gives(X);
	cr_assert_null(hooks.commit);
	was_called_once(&first, true);
	was_called_once(&second, true);
	cr_assert_not(called_in_handler);
	cr_assert_eq(cancelled, EALREADY, "it has been granted");
	gives(X);
	is_free();
	cr_assert_eq(fifolock_destroy(&others), 0);
}

/* ---- a request that is told while its place is looked for ---- */

static void the_first_is_told_and_the_second_asks(void)
{
	gives(X);
	asks(&second, told);
}

static void as_it_looks(void)
{
	elsewhere(the_first_is_told_and_the_second_asks);
}

/* In the same slot: it has just become free. */
Test(windows, a_request_that_is_told_meanwhile_has_not_the_place_of_another,
     .description = "UINT32_MAX: it is not in line")
{
	takes(X);
	asks(&first, told);
	hooks.loads = &lock.word;
	hooks.loaded = as_it_looks;
	cr_assert_eq(fifolock_request_position(&first.request), UINT32_MAX);
	cr_assert_null(hooks.loaded);
	was_called_once(&first, false);
	cr_assert_eq(fifolock_request_position(&second.request), 0);
	gives(X);
	was_called_once(&second, true);
	gives(X);
	is_free();
}

/* ---- a lock that goes while its request is waited for ---- */

static fifolock_t *paged;

static void paged_goes(void)
{
	fault_if(fifolock_close(paged));
	fault_if(fifolock_unlock(paged, X));
	fault_if(fifolock_destroy(paged));
	fault_if(munmap(paged, (size_t)sysconf(_SC_PAGESIZE)));
}

static void paged_goes_elsewhere(void)
{
	elsewhere(paged_goes);
}

Test(windows, a_wait_for_a_request_does_not_notice_that_its_lock_goes,
     .description = "G5")
{
	paged = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_eq(fifolock_init(paged, NULL), 0);
	cr_assert_eq(fifolock_trylock(paged, X), 0);
	first.asked = fifolock_request(paged, S, 1, &first.request, NULL, NULL);
	cr_assert_eq(first.asked, EINPROGRESS);
	hooks.sleep = paged_goes_elsewhere;
	cr_assert_eq(fifolock_request_wait(&first.request, NULL), ECANCELED);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(fifolock_request_poll(&first.request), ECANCELED);
	cr_assert_eq(fifolock_request_position(&first.request), UINT32_MAX);
	cr_assert_eq(faults, 0u);
}

/* ---- a thread that gets in line as a callback is being handed over ---- */

static struct {
	fifolock_request_t request[2][2];
	unsigned odd[2];
	bool inside, stop; /* of a callback; stop is atomic */
} machine;
static pthread_t late;
static bool late_sleeps; /* atomic */

static void late_is_about_to_sleep(void)
{
	set(&late_sleeps);
}

static void comes_late(void)
{
	hooks.sleep = late_is_about_to_sleep;
	fault_if(fifolock_lock(&lock, S));
	set(&machine.stop);
	fault_if(fifolock_unlock(&lock, S));
}

/* Not in a callback's own unlock: the line is looked at, no thread waits there, and so the
 * next callback is about to be handed over. */
static void as_it_is_handed_over(void)
{
	if (__atomic_load_n(&machine.inside, __ATOMIC_RELAXED)) {
		hooks.commit = as_it_is_handed_over;
		return;
	}
	late = begins(comes_late);
	until(&late_sleeps);
}

static void steps(void *ctx, int status)
{
	unsigned which = (unsigned)(uintptr_t)ctx;
	unsigned *odd = &machine.odd[which];

	__atomic_store_n(&machine.inside, true, __ATOMIC_RELAXED);
	fault_if(status);
	if (!__atomic_load_n(&machine.stop, __ATOMIC_ACQUIRE)) {
		*odd ^= 1;
		fault_if(fifolock_request(&lock, X, 1, &machine.request[which][*odd],
					  steps, ctx) != EINPROGRESS);
	}
	gives(X);
	__atomic_store_n(&machine.inside, false, __ATOMIC_RELAXED);
}

Test(windows, who_gets_in_line_as_a_callback_is_handed_over_is_not_forgotten,
     .description = "G3")
{
	fifolock_modes_t modes = fifolock_shared_exclusive_modes;

	cr_assert_eq(fifolock_modes_owner_checked(&modes, false), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	takes(X);
	for (uintptr_t i = 0; i < 2; i++)
		cr_assert_eq(fifolock_request(&lock, X, 1, &machine.request[i][0], steps,
					      (void *)i),
			     EINPROGRESS);
	__atomic_store_n(&machine.inside, true, __ATOMIC_RELAXED);
	hooks.commit = as_it_is_handed_over;
	gives(X);
	cr_assert_null(hooks.commit);
	pthread_join(late, NULL);
	while (fifolock_request_run_due(&lock))
		;
	is_free();
}

/* ---- a conversion that leaves before a scanner has taken it in ---- */

static pthread_t hasty;
static int told_hasty;
static uint32_t hastys_slot;
static bool hasty_holds, hasty_may_ask, hasty_may_return; /* atomic */
static bool hasty_has_left; /* atomic, and carries nothing: the slot's word alone is to */

static void has_left(void)
{
	__atomic_store_n(&hasty_has_left, true, __ATOMIC_RELAXED);
	until(&hasty_may_return);
}

static void asks_for_more_in_haste(void)
{
	struct timespec soon;

	fault_if(fifolock_trylock(&lock, S));
	set(&hasty_holds);
	until(&hasty_may_ask);
	hooks.leave = has_left;
	do { /* until it has been in line */
		soon = test_in_ns(CLOCK_MONOTONIC, 1000000);
		told_hasty = fifolock_timedconvert(&lock, S, X, &soon);
	} while (hooks.leave);
	gives(S);
}

static void the_hasty_leaves(void)
{
	set(&hasty_may_ask);
	while (!__atomic_load_n(&hasty_has_left, __ATOMIC_RELAXED))
		sched_yield();
	hastys_slot = __atomic_load_n(&lock.departed, __ATOMIC_RELAXED);
}

static void leaves_before_it_is_taken_in(void)
{
	hasty_holds = hasty_may_ask = hasty_may_return = hasty_has_left = false;
	takes(S);
	hasty = begins(asks_for_more_in_haste);
	until(&hasty_holds);
	asks(&first, NULL);
	hooks.scan = the_hasty_leaves;
	gives(S);
	cr_assert_null(hooks.scan);
	asks(&second, NULL);
	cr_assert_eq(second.request.slot, fl_slot_at(hastys_slot));
	set(&hasty_may_return);
	pthread_join(hasty, NULL);
	cr_assert_eq(told_hasty, ETIMEDOUT);
	had_its_turn(&first);
	had_its_turn(&second);
}

/* The scanner gives its slot back, and another request writes there: ThreadSanitizer sees whether that is
 * after the last use, if it remembers that. */
Test(windows, a_slot_is_not_used_again_before_who_left_is_done_with_it,
     .description = "G4")
{
	for (unsigned i = 0; i < 20; i++)
		leaves_before_it_is_taken_in();
	is_free();
}

/* ---- an answer of two moments ---- */

static fifolock_t counted;
static struct job waits_for_another;
enum { A, B, C };

static void one_hold_goes_and_a_request_comes(void)
{
	fault_if(fifolock_unlock(&counted, A));
	fault_if(fifolock_request(&counted, B, 1, &waits_for_another.request, NULL,
				  NULL) != EINPROGRESS);
}

/* Two holds of A would keep B out.  But when B comes there is one. */
Test(windows, a_request_is_not_kept_out_by_a_hold_that_went_before_it_came,
     .description = "contended")
{
	static const uint32_t fewer[] = {2, 0, 1};
	static const struct fifolock_mode modes[] = {
		{.name = "A", .max = 3},
		{.name = "B", .max = 1, .limits = fewer},
		{.name = "C", .max = 1},
	};
	fifolock_modes_t table;

	cr_assert_eq(fifolock_modes_compile(&table, modes, 3, NULL, 0), 0);
	cr_assert_eq(fifolock_init(&counted, &table), 0);
	cr_assert_eq(fifolock_lock_n(&counted, A, 2), 0);
	cr_assert_eq(fifolock_lock(&counted, C), 0);
	hooks.loads = &counted.word;
	hooks.loaded = one_hold_goes_and_a_request_comes;
	cr_assert_not(fifolock_contended(&counted, A));
	cr_assert_null(hooks.loaded);
	cr_assert_eq(faults, 0u);
	cr_assert(fifolock_contended(&counted, C));
	cr_assert_eq(fifolock_unlock(&counted, C), 0);
	cr_assert_eq(fifolock_request_poll(&waits_for_another.request), 0);
	cr_assert_eq(fifolock_unlock(&counted, B), 0);
	cr_assert_eq(fifolock_unlock(&counted, A), 0);
	cr_assert_eq(fifolock_destroy(&counted), 0);
}
