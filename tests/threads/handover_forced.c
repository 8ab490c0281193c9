/* SPDX-License-Identifier: MIT
 *
 * handover_forced.c - what others do while a thread passes its hold on to the next one, and with
 * it the scanner's role, without a touch of the lock (pass.c).
 *
 * As in regressions_forced.c: in a hook of the thread under test others act, and are waited for.
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "other_thread.h"
#include "core/processors.h"
#include "core/queue.h"
#include "core/role.h"
#include "test.h"
#include "core/word.h"

#include <fifolock/cond.h>
#include <fifolock/modes.h>
#include <fifolock/request.h>

enum {
	X = FIFOLOCK_EXCLUSIVE,
	S = FIFOLOCK_SHARED,
	U = FIFOLOCK_UPDATE,
};

_Thread_local struct hooks hooks;

static fifolock_t lock;
static pthread_t heir;
static unsigned heirs_mode = X;
static fifolock_request_t last;
static int had, said;		     /* what the heir and a stranger were told */
static bool asleep, holds, may_give; /* atomic */

/* ... and known to be; no thread scans any more. */
static void until_in_line(uint32_t count)
{
	while (fifolock_waiting(&lock) != count ||
	       (__atomic_load_n(&lock.word, __ATOMIC_ACQUIRE) &
		(FL_QUEUED | FL_SCANNING)) != FL_QUEUED)
		sched_yield();
}

static void sleeps(void)
{
	set(&asleep);
}

static void inherits(void)
{
	hooks.sleep = sleeps;
	had = fifolock_lock(&lock, heirs_mode);
	set(&holds);
	until(&may_give);
	if (!had)
		had = fifolock_unlock(&lock, heirs_mode);
}

static void gives(void)
{
	said = fifolock_unlock(&lock, X);
}

static void (*heir_does)(void) = inherits;

static void one_more_waits_and_the_holder_gives(void)
{
	heir = begins(heir_does);
	until(&asleep);
	elsewhere(gives);
}

/* This thread holds, and keeps the role; behind it is the heir. */
static void keeps(void)
{
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	hooks.sleep = one_more_waits_and_the_holder_gives;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(said, 0);
}

/* The same, and behind the heir a thread that can be asked what has become of it. */
static void keeps_before_two(void)
{
	keeps();
	cr_assert_eq(fifolock_request(&lock, X, 1, &last, NULL, NULL), EINPROGRESS);
}

/* It has been passed on while that happened. */
static void passes_while(void (*act)(void))
{
	hooks.pass = act;
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_null(hooks.pass, "passed on");
	until(&holds);
}

static void is_over(void)
{
	set(&may_give);
	pthread_join(heir, NULL);
	cr_assert_eq(had, 0);
}

static void is_free(void)
{
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static void happens(void)
{
}

static void goes_without_a_look_at_the_lock(void)
{
	keeps();
	hooks.scan = happens;
	hooks.loads = &lock.word;
	hooks.loaded = happens;
	passes_while(happens);
	cr_assert_not_null(hooks.scan);
	cr_assert_not_null(hooks.loaded);
	hooks = (struct hooks){0};
	is_over();
	is_free();
}

Test(passed, on_the_hold_goes_without_a_look_at_the_lock, .description = "G6")
{
	goes_without_a_look_at_the_lock();
}

static uint32_t in_line;

static void asks_how_many_wait(void)
{
	in_line = fifolock_waiting(&lock);
}

Test(passed, on_the_line_has_the_length_that_it_has, .description = "one count, no scan")
{
	keeps_before_two();
	asks_how_many_wait();
	cr_assert_eq(in_line, 2u);
	passes_while(asks_how_many_wait);
	cr_assert_eq(in_line, 2u, "the heir has not been told");
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	is_over();
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

static void closes(void)
{
	fifolock_close(&lock);
}

static void closes_elsewhere(void)
{
	elsewhere(closes);
}

Test(passed, on_a_closing_meanwhile_turns_away_who_is_behind, .description = "G4")
{
	keeps_before_two();
	passes_while(closes_elsewhere);
	cr_assert_eq(fifolock_request_poll(&last), ECANCELED);
	is_over();
	fifolock_reopen(&lock);
	is_free();
}

static void cancels(void)
{
	said = fifolock_request_cancel(&last);
}

static void cancels_elsewhere(void)
{
	elsewhere(cancels);
}

Test(passed, on_who_leaves_meanwhile_is_out_of_line_afterwards, .description = "G4")
{
	keeps_before_two();
	passes_while(cancels_elsewhere);
	cr_assert_eq(said, 0);
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	is_over();
	is_free();
}

static void gives_elsewhere(void)
{
	elsewhere(gives);
}

Test(passed, on_a_hold_cannot_be_given_back_by_another_thread, .description = "G7")
{
	keeps_before_two();
	passes_while(gives_elsewhere);
	cr_assert_eq(said, EPERM);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	cr_assert_eq(fifolock_request_poll(&last), EINPROGRESS);
	is_over();
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

static void converts(void)
{
	said = fifolock_tryconvert(&lock, X, S);
}

static void converts_elsewhere(void)
{
	elsewhere(converts);
}

Test(passed, on_a_hold_cannot_be_converted_by_another_thread, .description = "G7")
{
	keeps_before_two();
	passes_while(converts_elsewhere);
	cr_assert_eq(said, EPERM);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	is_over();
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

Test(passed, on_only_what_is_held_is, .description = "G7")
{
	keeps();
	hooks.pass = happens;
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_not_null(hooks.pass);
	passes_while(happens);
	is_over();
	is_free();
}

Test(passed, on_only_in_the_mode_that_is_held, .description = "G2 G7")
{
	heirs_mode = S;
	keeps();
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_not(__atomic_load_n(&holds, __ATOMIC_ACQUIRE));
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	until(&holds);
	cr_assert_eq(fifolock_holds(&lock, S), 1u);
	is_over();
	is_free();
}

/* ---- it is to be passed on, and then it is not ---- */

static struct timespec deadline;

/* No deadline: it waits to the end. */
static void waits(void)
{
	hooks.sleep = sleeps;
	had = deadline.tv_sec ? fifolock_timedlock(&lock, X, &deadline)
			      : fifolock_lock(&lock, X);
	set(&holds);
}

static void one_waits(void)
{
	heir = begins(waits);
	until(&asleep);
}

Test(passed, on_to_who_was_put_back_it_is_one_hold, .description = "G2 G7")
{
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	one_waits();
	hooks.commit = gives_elsewhere;
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	cr_assert_null(hooks.commit);
	cr_assert_eq(said, 0);
	pthread_join(heir, NULL);
	cr_assert_eq(had, 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

static void takes_another(void)
{
	said = fifolock_tryconvert(&lock, S, U);
}

static void takes_another_elsewhere(void)
{
	elsewhere(takes_another);
}

Test(passed, on_to_who_was_put_back_it_may_leave_again, .description = "G4 G7")
{
	fifolock_init(&lock, &fifolock_update_modes);
	deadline = test_in_ns(CLOCK_MONOTONIC, 200000000);
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	one_waits();
	hooks.commit = takes_another_elsewhere;
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_eq(said, 0);
	pthread_join(heir, NULL);
	cr_assert_eq(had, ETIMEDOUT);
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	is_free();
}

/* ---- not the only hold ---- */

static void gives_the_other(void)
{
	said = fifolock_unlock(&lock, S);
}

static void gives_the_other_elsewhere(void)
{
	elsewhere(gives_the_other);
}

/* X is granted beside S, but then no S beside X: a thread that gives S back meanwhile does not give back
 * what is passed on. */
Test(passed, on_beside_another_hold_both_are_given_back, .description = "G2")
{
	const struct fifolock_mode modes[] = {
		[X] = {.name = "X", .max = 1},
		[S] = {.name = "S", .conflicts = 1u << X},
	};
	fifolock_modes_t table;

	cr_assert_eq(fifolock_modes_compile(&table, modes, 2, NULL, 0), 0);
	fifolock_init(&lock, &table);
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	keeps();
	hooks.pass = gives_the_other_elsewhere;
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	if (hooks.pass)
		gives_the_other();
	hooks.pass = NULL;
	cr_assert_eq(said, 0);
	until(&holds);
	is_over();
	is_free();
}

/* ---- from section to section ---- */

/* With so few the thread that gives back runs the sections of those behind it; with many it passes
 * its hold on to the next one. */
static void there_are_few_processors(void)
{
	fl_processors_begin(2);
}

static void there_are_many_processors(void)
{
	fl_processors_begin(8);
}

static pthread_t waiting[4];
static int answers[4];
static unsigned mode = X;     /* of the sections */
static bool scanned;	      /* between the first section and the third */
static uint64_t began, ended; /* by the coarse clock */

static uint64_t now_coarse(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void first_section(void *unused)
{
	(void)unused;
	hooks.scan = happens;
}

static void second_section(void *unused)
{
	(void)unused;
}

static void third_section(void *unused)
{
	(void)unused;
	ended = now_coarse();
	scanned = !hooks.scan;
	hooks.scan = NULL;
}

static void runs_the_first(void)
{
	answers[0] = fifolock_run(&lock, mode, first_section, NULL);
}

static void runs_the_second(void)
{
	answers[1] = fifolock_run(&lock, mode, second_section, NULL);
}

static void runs_the_third(void)
{
	answers[2] = fifolock_run(&lock, mode, third_section, NULL);
}

/* Three threads, in that order. */
static void line_up(void (*const runs[])(void))
{
	for (unsigned i = 0; i < 3; i++) {
		waiting[i] = begins(runs[i]);
		until_in_line(i + 1);
	}
}

static void while_three_wait(void *unused)
{
	void (*const runs[])(void) = {runs_the_first, runs_the_second, runs_the_third};

	(void)unused;
	line_up(runs);
	began = now_coarse();
}

/* Of the second mode, so that no slot is of it to begin with.  Where they take too long, by the
 * clock, one thread does not run all of them. */
Test(passed, on_from_section_to_section_without_a_scan, .description = "G6")
{
	const struct fifolock_mode modes[] = {
		[X] = {.name = "X", .max = 1, .conflicts = 1u << S},
		[S] = {.name = "another X", .max = 1, .conflicts = 1u << X},
	};
	fifolock_modes_t table;

	there_are_few_processors();
	cr_assert_eq(fifolock_modes_compile(&table, modes, 2, NULL, 0), 0);
	fifolock_init(&lock, &table);
	mode = S;
	do {
		cr_assert_eq(fifolock_run(&lock, mode, while_three_wait, NULL), 0);
		for (unsigned i = 0; i < 3; i++) {
			pthread_join(waiting[i], NULL);
			cr_assert_eq(answers[i], 0);
		}
	} while (scanned && ended != began);
	cr_assert_not(scanned);
	is_free();
}

static bool went_on; /* without a scan */

static void heirs_section(void *unused)
{
	(void)unused;
	hooks.scan = happens;
	hooks.pass = happens;
	set(&holds);
	until(&may_give);
}

static void inherits_in_a_section(void)
{
	hooks.sleep = sleeps;
	had = fifolock_run(&lock, X, heirs_section, NULL);
	went_on = hooks.scan && !hooks.pass;
	hooks = (struct hooks){0};
}

Test(passed, on_to_the_owner_of_a_section, .description = "G6")
{
	heir_does = inherits_in_a_section;
	goes_without_a_look_at_the_lock();
}

static void one_more_runs_behind_the_heir(void)
{
	heir_does = inherits_in_a_section;
	keeps();
	waiting[1] = begins(runs_the_second);
	until_in_line(2);
	passes_while(happens);
	is_over();
	pthread_join(waiting[1], NULL);
	cr_assert_eq(answers[1], 0);
}

Test(passed, on_by_the_owner_of_a_section_to_the_next, .description = "G6")
{
	there_are_many_processors();
	one_more_runs_behind_the_heir();
	cr_assert(went_on);
	is_free();
}

/* To which a scan has granted both. */
Test(passed, on_by_the_first_owner_of_a_section_to_the_next, .description = "G6")
{
	there_are_many_processors();
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	heir = begins(inherits_in_a_section);
	until_in_line(1);
	waiting[1] = begins(runs_the_second);
	until_in_line(2);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	until(&holds);
	is_over();
	pthread_join(waiting[1], NULL);
	cr_assert_eq(answers[1], 0);
	cr_assert(went_on);
	is_free();
}

Test(passed, on_by_the_owner_of_a_section_not_to_one_that_it_can_run, .description = "G6")
{
	there_are_few_processors();
	one_more_runs_behind_the_heir();
	cr_assert_not(went_on);
	is_free();
}

/* ---- and a thread that takes the role ---- */

static void is_turned_away(void *ctx, int status)
{
	(void)ctx;
	said = status;
	until(&holds);
}

Test(passed, on_a_callback_meanwhile_may_wait_for_the_heir, .description = "no deadlock")
{
	keeps();
	cr_assert_eq(fifolock_request(&lock, X, 1, &last, is_turned_away, NULL),
		     EINPROGRESS);
	passes_while(closes_elsewhere);
	cr_assert_eq(said, ECANCELED);
	is_over();
	fifolock_reopen(&lock);
	is_free();
}

static void asks_elsewhere(void)
{
	elsewhere(asks_how_many_wait);
}

Test(passed, on_and_then_taken_the_line_has_the_length_that_it_has,
     .description = "one count, no scan")
{
	const struct fl_slot *slot, *keeper;

	keeps_before_two();
	passes_while(happens);
	slot = last.slot;
	keeper = fl_slot_at(slot->older);
	hooks.loads = &keeper->hint;
	hooks.loaded = asks_elsewhere;
	cr_assert_eq(fifolock_request_cancel(&last), 0);
	cr_assert_null(hooks.loaded);
	cr_assert_eq(in_line, 1u);
	is_over();
	is_free();
}

static void while_one_waits(void *unused)
{
	(void)unused;
	waiting[0] = begins(runs_the_first);
	until_in_line(1);
	hooks.commit = closes_elsewhere;
}

/* Afterwards the line is in order: both can wait there. */
Test(passed, on_not_to_a_section_that_is_turned_away, .description = "G4")
{
	there_are_few_processors();
	cr_assert_eq(fifolock_run(&lock, X, while_one_waits, NULL), 0);
	cr_assert_null(hooks.commit);
	pthread_join(waiting[0], NULL);
	cr_assert_eq(answers[0], ECANCELED);
	fifolock_reopen(&lock);
	keeps();
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	passes_while(happens);
	is_over();
	is_free();
}

static fifolock_request_t another;

static void another_asks(void)
{
	said = fifolock_request(&lock, X, 1, &another, NULL, NULL);
}

/* The one that was in line is granted, and another comes: one, as before. */
static void the_line_moves_on(void)
{
	set(&may_give);
	pthread_join(heir, NULL);
	elsewhere(another_asks);
}

Test(passed, on_and_given_back_meanwhile_the_line_is_counted_anew,
     .description = "one count, no scan")
{
	const struct fl_slot *slot;

	keeps_before_two();
	passes_while(happens);
	slot = last.slot;
	hooks.loads = &fl_slot_at(slot->older)->stack_next;
	hooks.loaded = the_line_moves_on;
	asks_how_many_wait();
	cr_assert_null(hooks.loaded);
	cr_assert_eq(in_line, 1u);
	cr_assert_eq(said, EINPROGRESS);
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_poll(&another), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

/* Of the chain. */
static struct fl_slot *bottom(void)
{
	struct fl_slot *slot = fl_slot_at((uint32_t)lock.arrivals);
	uint32_t older;

	while ((older = __atomic_load_n(&slot->older, __ATOMIC_RELAXED) & ~FL_UNSURE))
		slot = fl_slot_at(older);
	return slot;
}

static void these_two_hold(fifolock_request_t *first, fifolock_request_t *second)
{
	cr_assert_eq(fifolock_request_poll(first), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_poll(second), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

/* After the second load of that, and so many more. */
static unsigned loads_to_go;
static void (*and_then)(void);

static void after_some_loads(void)
{
	hooks.loaded = loads_to_go-- ? after_some_loads : and_then;
}

static void after_loads(const void *at, unsigned more, void (*act)(void))
{
	loads_to_go = more;
	and_then = act;
	hooks.loads = at;
	hooks.loaded = after_some_loads;
}

/* The hold goes on, and another comes: the line is as long as before. */
static void the_line_moves_by_one(void)
{
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	another_asks();
}

/* What one keeper says has gone is not taken from the tickets that have been drawn since. */
Test(passed, on_while_tickets_are_counted_they_are_counted_anew,
     .description = "one count, no scan")
{
	keeps_before_two();
	after_loads(&bottom()->dequeued, 0, the_line_moves_by_one);
	asks_how_many_wait();
	cr_assert_null(hooks.loaded);
	cr_assert_eq(said, EINPROGRESS);
	cr_assert_eq(in_line, 2u);
	is_over();
	these_two_hold(&last, &another);
	is_free();
}

/* ---- a slot that kept the role when a thread found it ---- */

static struct fl_slot *found;
static unsigned loads_before;
static int answered;
static bool is_used_again;

static void is_given_and_the_slot_used_again(void)
{
	gives_elsewhere();
	__atomic_store_n(&found->dequeued, fl_line_drawn(&lock), __ATOMIC_RELAXED);
	is_used_again = true;
}

static void asks_meanwhile(void)
{
	fifolock_request_t one_too_many;

	after_loads(&found->note, loads_before, is_given_and_the_slot_used_again);
	answered = fifolock_request(&lock, X, 1, &one_too_many, NULL, NULL);
}

/* One may be in line.  Three are, and two when the hold has been given back, whatever the slot counts
 * in its next life. */
static bool is_full_while_the_slot_is_used_again(unsigned loads)
{
	keeps_before_two();
	another_asks();
	fifolock_limit_waiters(&lock, 1);
	found = bottom();
	loads_before = loads;
	is_used_again = false;
	elsewhere(asks_meanwhile);
	cr_assert_eq(answered, EAGAIN, "after %u", loads);
	if (!is_used_again)
		gives();
	is_over();
	these_two_hold(&last, &another);
	is_free();
	lock = (fifolock_t){0};
	may_give = holds = asleep = false;
	return is_used_again;
}

Test(passed, on_the_line_is_as_full_as_before, .description = "G7")
{
	unsigned loads = 0;

	while (is_full_while_the_slot_is_used_again(loads))
		loads++;
	cr_assert_geq(loads, 4u);
}

/* ---- a slot whose thread waits at a condition by now ---- */

static fifolock_cond_t condition = FIFOLOCK_COND_INIT;
static pthread_t waiter;
static int came_back;

static void waits_there(void)
{
	came_back = fifolock_lock(&lock, X);
	if (!came_back)
		came_back = fifolock_cond_wait(&condition, &lock, X);
	if (!came_back)
		came_back = fifolock_unlock(&lock, X);
}

static uint32_t slot_that_waits_there(void)
{
	for (uint32_t id = 1; id <= fl_slots_made(); id++)
		if (__atomic_load_n(&fl_slot_at(id)->note, __ATOMIC_RELAXED) ==
		    (uintptr_t)&lock)
			return id;
	return 0;
}

/* It was granted last, and that is said so late that others have been granted since. */
Test(passed, on_beside_a_hint_at_a_waiting_slot_the_keeper_is_found, .description = "G3")
{
	uint32_t id;

	waiter = begins(waits_there);
	while (!(id = slot_that_waits_there()) || fifolock_holds(&lock, X))
		sched_yield();
	keeps_before_two();
	fl_role_publish(&lock, 0, id);
	gives_elsewhere();
	cr_assert_eq(said, 0);
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	is_over();
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_cond_signal(&condition), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	pthread_join(waiter, NULL);
	cr_assert_eq(came_back, 0);
	is_free();
}

/* ---- a closing while sections are run ---- */

static bool at_once;	  /* while the first is run, or as the second is about to be */
static unsigned have_run; /* of the others */

static void closes_in_between(void)
{
	ended = now_coarse();
	closes_elsewhere();
}

static void closing_section(void *unused)
{
	(void)unused;
	if (at_once) {
		closes_elsewhere();
		return;
	}
	hooks.loads = &bottom()->note;
	hooks.loaded = closes_in_between;
}

static void other_section(void *unused)
{
	(void)unused;
	have_run++;
}

static void runs_the_closing(void)
{
	answers[0] = fifolock_run(&lock, X, closing_section, NULL);
}

static void runs_another(void)
{
	answers[1] = fifolock_run(&lock, X, other_section, NULL);
}

static void runs_a_third(void)
{
	answers[2] = fifolock_run(&lock, X, other_section, NULL);
}

static void runs_a_fourth(void)
{
	answers[3] = fifolock_run(&lock, X, other_section, NULL);
}

static void while_these_wait(void *unused)
{
	void (*const runs[])(void) = {runs_the_closing, runs_another, runs_a_third};

	(void)unused;
	line_up(runs);
	waiting[3] = begins(runs_a_fourth);
	until_in_line(4);
	began = ended = now_coarse();
}

static void gives_back(void *ctx, int status)
{
	(void)ctx;
	said = status ? status : fifolock_unlock(&lock, X);
}

/* The slots that are used next have been used for callbacks. */
static void uses_slots(void)
{
	static fifolock_request_t requests[4];

	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(
			fifolock_request(&lock, X, 1, &requests[i], gives_back, NULL),
			EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0u);
}

/* Where the first has taken so long, by the clock, that it may have been the last that this thread
 * ran, the hold was given back before the hook was called, or it has not been called. */
static bool run_and_closed(void)
{
	uses_slots();
	hooks = (struct hooks){0};
	have_run = 0;
	cr_assert_eq(fifolock_run(&lock, X, while_these_wait, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(waiting[i], NULL);
	return !hooks.loaded && ended == began;
}

/* The second and the third may be taken in one row, which the closing finds off the line. */
static void closed_between_sections(int second)
{
	while (!run_and_closed())
		fifolock_reopen(&lock);
	cr_assert_eq(answers[0], 0);
	cr_assert_eq(answers[1], second);
	cr_assert(answers[2] == second || answers[2] == ECANCELED);
	cr_assert_eq(answers[3], ECANCELED);
	cr_assert_eq(have_run, (answers[1] ? 0u : 1u) + (answers[2] ? 0u : 1u));
	fifolock_reopen(&lock);
	keeps();
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	passes_while(happens);
	is_over();
	is_free();
}

Test(passed, on_no_section_of_who_was_turned_away_is_run, .description = "G4")
{
	at_once = true;
	there_are_few_processors();
	closed_between_sections(ECANCELED);
}

Test(passed, on_from_section_to_section_a_closing_is_heard, .description = "G4")
{
	there_are_few_processors();
	closed_between_sections(0);
}

/* The role is taken while the first section is run, by a thread that has not got further than
 * that when the section is over. */
static pthread_t thief;
static struct fl_slot *served;
static bool taken, goes_on; /* atomic */

static void is_taken(void)
{
	set(&taken);
	until(&goes_on);
}

static void closes_slowly(void)
{
	hooks.loads = &served->hint;
	hooks.loaded = is_taken;
	fifolock_close(&lock);
}

static void slowly_closing_section(void *unused)
{
	(void)unused;
	served = fl_slot_at(bottom()->hint);
	thief = begins(closes_slowly);
	until(&taken);
}

static void runs_the_slowly_closing(void)
{
	answers[0] = fifolock_run(&lock, X, slowly_closing_section, NULL);
}

static void while_one_and_another_wait(void *unused)
{
	(void)unused;
	waiting[0] = begins(runs_the_slowly_closing);
	until_in_line(1);
	waiting[1] = begins(runs_another);
	until_in_line(2);
}

static void robbed_while_it_runs(void)
{
	uint32_t told;

	taken = goes_on = false;
	cr_assert_eq(fifolock_run(&lock, X, while_one_and_another_wait, NULL), 0);
	told = __atomic_load_n(&served->word, __ATOMIC_ACQUIRE) & FL_DONE;
	set(&goes_on);
	pthread_join(thief, NULL);
	pthread_join(waiting[0], NULL);
	pthread_join(waiting[1], NULL);
	cr_assert_eq(told, 0u, "it was in line still");
	cr_assert_eq(answers[0], 0);
	cr_assert_eq(answers[1], ECANCELED);
	cr_assert_eq(have_run, 0u);
	fifolock_reopen(&lock);
}

/* Many times, as the first may take so long that it is the last in any case. */
Test(passed, on_no_section_once_the_role_is_taken, .description = "G4 G5")
{
	there_are_few_processors();
	for (unsigned i = 0; i < 20; i++)
		robbed_while_it_runs();
	is_free();
}

/* ---- a hold that two strangers give back ---- */

Test(passed, on_hold_is_given_back_by_one_of_two_strangers, .description = "G7")
{
	keeps_before_two();
	passes_while(happens);
	after_loads(&lock.word, 1, gives_elsewhere);
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	cr_assert_null(hooks.loaded);
	cr_assert_eq(said, 0);
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	is_over();
	is_free();
}

Test(passed, on_hold_given_back_by_a_stranger_is_not_converted, .description = "G7")
{
	keeps_before_two();
	hooks.commit = gives_elsewhere;
	cr_assert_eq(fifolock_tryconvert(&lock, X, S), EPERM);
	cr_assert_null(hooks.commit);
	cr_assert_eq(said, 0);
	until(&holds);
	cr_assert_eq(fifolock_holds(&lock, S), 0u);
	is_over();
	cr_assert_eq(fifolock_request_poll(&last), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free();
}

static void the_holder_gives(void)
{
	elsewhere(gives);
}

/* By another thread, with no request in line behind. */
static void is_granted_alone(void)
{
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	hooks.sleep = the_holder_gives;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_null(hooks.sleep);
	cr_assert_eq(said, 0);
}

/* Is the role kept with that hold? */
static bool is_kept_alone(void)
{
	bool kept;

	is_granted_alone();
	kept = fl_word_kept(__atomic_load_n(&lock.word, __ATOMIC_RELAXED));
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	return kept;
}

Test(passed, on_to_nobody_it_is_not_kept_for_the_next_15_with_nobody_in_line,
     .description = "G6")
{
	while (!is_kept_alone())
		;
	for (unsigned i = 0; i < 15; i++)
		cr_assert_not(is_kept_alone(), "%u", i);
	cr_assert(is_kept_alone());
	is_free();
}

Test(passed, on_is_the_role_also_where_it_was_in_vain_before, .description = "G6")
{
	while (!is_kept_alone())
		;
	keeps();
	passes_while(happens);
	is_over();
	is_free();
}

/* ---- an heir that has been pushed, and whose thread has not come to its link ---- */

static struct fl_slot *unlinked;

static void is_pushed(struct fl_place *place)
{
	unlinked = fl_slot_new();
	cr_assert_not_null(unlinked);
	unlinked->mode = X;
	unlinked->weight = 1;
	unlinked->how = 0;
	fl_line_ready(unlinked);
	fl_line_push(&lock, unlinked, place);
}

static void another_asks_and_it_is_closed(void)
{
	elsewhere(another_asks);
	closes_elsewhere();
}

Test(passed, on_to_one_that_is_not_linked_yet_news_go_along, .description = "G4")
{
	struct fl_place place;

	is_granted_alone();
	is_pushed(&place);
	hooks.pass = another_asks_and_it_is_closed;
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_null(hooks.pass);
	cr_assert(fl_granted(unlinked));
	fl_line_link(unlinked, place.behind);
	cr_assert_eq(said, EINPROGRESS);
	cr_assert_eq(fifolock_request_poll(&another), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	fl_slot_free(unlinked);
	fifolock_reopen(&lock);
	is_free();
}
