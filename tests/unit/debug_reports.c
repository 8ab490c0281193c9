/* SPDX-License-Identifier: MIT
 *
 * debug_reports.c - what the debug build says of a mistake: which call, what is wrong, what
 * to do; and how often.
 */
#include "reports.h"

#include <signal.h>
#include <sys/wait.h>

static fifolock_t lock, other;
static fifolock_cond_t cond;
static fifolock_request_t request;
static fifolock_section_t later;

static void section(void *unused)
{
	(void)unused;
}

static void callback(void *unused, int status)
{
	(void)unused, (void)status;
}

/* ---- each by its name ---- */

Test(debug_reports, of_a_mode_that_is_not_there_say_which_table_has_it,
     .description = "EINVAL")
{
	keep_reports();
	cr_assert_eq(fifolock_lock(&lock, U), EINVAL);
	reports_last("EINVAL", "fifolock_lock", "there is no mode 2 (update ");
	reports_last("EINVAL", "fifolock_lock", "has 0 exclusive, 1 shared");
	reports_last("EINVAL", "fifolock_lock", "FIFOLOCK_INIT(&fifolock_update_modes)");
	cr_assert_eq(report[0].lock, &lock);
	cr_assert_eq(times(report[0].text, "[+0x"), 1);
	cr_assert_eq(fifolock_init(&lock, &fifolock_mutex_modes), 0);
	cr_assert_eq(fifolock_lock(&lock, S), EINVAL);
	reports_last("EINVAL", "fifolock_lock",
		     "FIFOLOCK_INIT(&fifolock_shared_exclusive_modes)");
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_INTENT_SHARED), EINVAL);
	reports_last("EINVAL", "fifolock_lock", "FIFOLOCK_INIT(&fifolock_intent_modes)");
	cr_assert_eq(fifolock_lock(&lock, 99), EINVAL);
	reports_last("EINVAL", "fifolock_lock", "there is no mode 99 in");
}

/* Every function that takes a mode, and names itself. */
Test(debug_reports, name_the_function_that_was_called, .description = "EINVAL")
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 1000000);

	keep_reports();
#define says(name, call)                              \
	do {                                          \
		cr_assert_eq((call), EINVAL);         \
		reports_last("EINVAL", #name, #name); \
		reports = 0;                          \
	} while (0)
	says(fifolock_lock, fifolock_lock(&lock, U));
	says(fifolock_lock_n, fifolock_lock_n(&lock, U, 1));
	says(fifolock_trylock, fifolock_trylock(&lock, U));
	says(fifolock_trylock_n, fifolock_trylock_n(&lock, U, 1));
	says(fifolock_timedlock, fifolock_timedlock(&lock, U, &soon));
	says(fifolock_timedlock_n, fifolock_timedlock_n(&lock, U, 1, &soon));
	says(fifolock_clocklock, fifolock_clocklock(&lock, U, CLOCK_REALTIME, &soon));
	says(fifolock_clocklock_n,
	     fifolock_clocklock_n(&lock, U, 1, CLOCK_REALTIME, &soon));
	says(fifolock_unlock, fifolock_unlock(&lock, U));
	says(fifolock_unlock_n, fifolock_unlock_n(&lock, U, 1));
	says(fifolock_convert, fifolock_convert(&lock, U, X));
	says(fifolock_tryconvert, fifolock_tryconvert(&lock, X, U));
	says(fifolock_timedconvert, fifolock_timedconvert(&lock, U, X, &soon));
	says(fifolock_bump, fifolock_bump(&lock, U));
	says(fifolock_request, fifolock_request(&lock, U, 1, &request, callback, NULL));
	says(fifolock_run, fifolock_run(&lock, U, section, NULL));
	says(fifolock_run_async,
	     fifolock_run_async(&lock, U, &later, section, NULL, NULL, NULL));
	says(fifolock_cond_wait, fifolock_cond_wait(&cond, &lock, U));
	says(fifolock_cond_timedwait, fifolock_cond_timedwait(&cond, &lock, U, &soon));
	says(fifolock_cond_clockwait,
	     fifolock_cond_clockwait(&cond, &lock, U, CLOCK_REALTIME, &soon));
#undef says
}

Test(debug_reports, of_what_is_not_held_name_the_call_and_who_holds,
     .description = "EPERM")
{
	keep_reports();
	cr_assert_eq(fifolock_init(&lock, &fifolock_update_modes), 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_convert(&lock, U, X), EPERM);
	reports_last("EPERM", "fifolock_convert", "1 update of a thread that holds 0");
	reports_last("EPERM", "fifolock_convert", "this thread holds exclusive since");
	cr_assert_eq(fifolock_cond_wait(&cond, &lock, S), EPERM);
	reports_last("EPERM", "fifolock_cond_wait", "1 shared of a thread that holds 0");
	cr_assert_eq(fifolock_bump(&lock, S), EPERM);
	reports_last("EPERM", "fifolock_bump", "1 shared of a thread that holds 0");
	cr_assert_eq(fifolock_unlock_n(&lock, S, 5), EPERM);
	reports_last("EPERM", "fifolock_unlock_n", "5 shared of a thread that holds 0");
	cr_assert_eq(reports, 4, "each once");
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

static void gives_back(void *unused)
{
	(void)unused;
	(void)fifolock_unlock(&lock, X);
}

Test(debug_reports, of_a_section_that_gives_back_name_it, .description = "EPERM")
{
	keep_reports();
	cr_assert_eq(fifolock_run_async(&lock, X, &later, gives_back, NULL, NULL, NULL),
		     0);
	cr_assert_eq(reports, 1);
	reports_last("EPERM", "the end of a section of fifolock_run_async", "exclusive");
}

/* Tables where holds belong to no thread. */
Test(debug_reports, of_a_semaphore_say_that_nobody_holds, .description = "EPERM")
{
	fifolock_modes_t three;

	keep_reports();
	cr_assert_eq(fifolock_modes_semaphore(&three, 3), 0);
	cr_assert_eq(fifolock_init(&lock, &three), 0);
	cr_assert_eq(fifolock_unlock(&lock, 0), EPERM);
	reports_last("EPERM", "fifolock_unlock", "0 holds by any thread");
	cr_assert_eq(fifolock_lock_n(&lock, 0, 4), ERANGE);
	reports_last("ERANGE", "fifolock_lock_n", "a weight of 4 in mode semaphore");
	reports_last("ERANGE", "fifolock_lock_n", "from 1 to 3");
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 0), ERANGE);
	reports_last("ERANGE", "fifolock_unlock_n", "a weight of 0");
}

Test(debug_reports, of_a_destroyed_lock_say_so, .description = "EINVAL")
{
	keep_reports();
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(fifolock_lock(&lock, X), EINVAL);
	reports_last("EINVAL", "fifolock_lock", "it has been destroyed");
	cr_assert_eq(fifolock_close(&lock), EINVAL);
	reports_last("EINVAL", "fifolock_close", "it has been destroyed");
	cr_assert_eq(fifolock_destroy(&lock), EINVAL);
	reports_last("EINVAL", "fifolock_destroy", "it has been destroyed");
	cr_assert_eq(fifolock_init(&lock, NULL), 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), EBUSY);
	reports_last("EBUSY", "fifolock_destroy",
		     "while it is in use: 1 exclusive, 0 in");
	reports_last("EBUSY", "fifolock_destroy", "this thread holds exclusive since");
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

Test(debug_reports, of_a_deadline_say_what_one_is, .description = "EINVAL")
{
	struct timespec wrong = {0, 1000000000};

	keep_reports();
	cr_assert_eq(fifolock_timedlock(&lock, X, &wrong), EINVAL);
	reports_last("EINVAL", "fifolock_timedlock", "tv_nsec");
	cr_assert_eq(fifolock_clocklock(&lock, X, CLOCK_PROCESS_CPUTIME_ID, &wrong),
		     EINVAL);
	reports_last("EINVAL", "fifolock_clocklock", "other than CLOCK_MONOTONIC");
}

/* What a program may meet without being wrong. */
Test(debug_reports, are_not_made_of_what_may_happen, .description = "no false alarm")
{
	struct timespec past = {1, 0};

	keep_reports();
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(fifolock_request(&lock, S, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request_wait(&request, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_request_cancel(&request), 0);
	cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_lock(&lock, S), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(reports, 0);
}

/* ---- how often ---- */

Test(debug_reports, from_one_place_come_with_the_powers_of_ten, .description = "count")
{
	keep_reports();
	for (unsigned i = 0; i < 4345; i++)
		cr_assert_eq(fifolock_unlock(&lock, i == 4000 ? S : X), EPERM);
	cr_assert_eq(reports, 4);
	cr_assert_eq(report[3].count, 1000);
	cr_assert_not_null(strstr(report[3].text, "1000 times from this place"));
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	cr_assert_eq(reports, 5, "another place");
}

/* ---- the hook ---- */

static void gets_it_wrong(const struct fifolock_report *told, void *ctx)
{
	keep_report(told, ctx);
	(void)fifolock_unlock(&other, S);
}

Test(debug_reports, made_while_one_is_told_are_not_told, .description = "no recursion")
{
	fifolock_debug_on_report(gets_it_wrong, &reports);
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	cr_assert_eq(reports, 1);
	fifolock_debug_on_report(NULL, NULL);
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_eq(reports, 1);
}

/* ---- in a handler that has interrupted a report ---- */

static void hits_again(int signal)
{
	(void)signal;
	(void)fifolock_unlock(&other, S);
}

static void interrupts(const struct fifolock_report *told, void *ctx)
{
	keep_report(told, ctx);
	raise(SIGUSR1);
}

Test(debug_reports, may_be_interrupted_by_a_mistake_in_a_handler, .description = "G6")
{
	signal(SIGUSR1, hits_again);
	fifolock_debug_on_report(interrupts, &reports);
	errno = 77;
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	cr_assert_eq(errno, 77);
	cr_assert_eq(reports, 1);
}
