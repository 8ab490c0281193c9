/* SPDX-License-Identifier: MIT
 *
 * debug.c - what the debug build notices.  Linked with a library built
 * with -Dchecked=true.  The reports go to a pipe, and are read back.
 */
#include "test.h"

#include <fifolock/cond.h>
#include <fifolock/request.h>
#include <unistd.h>

static int reports[2];

static void catch_reports(void)
{
	cr_assert_eq(pipe(reports), 0);
	cr_assert_eq(dup2(reports[1], STDERR_FILENO), STDERR_FILENO);
}

static const char *reported(void)
{
	static char text[2048];
	ssize_t length = read(reports[0], text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

static void *take_exclusive(void *lock)
{
	int error = fifolock_lock(lock, FIFOLOCK_EXCLUSIVE);

	if (!error)
		error = fifolock_unlock(lock, FIFOLOCK_EXCLUSIVE);
	return (void *)(intptr_t)error;
}

static void *give_exclusive(void *lock)
{
	return (void *)(intptr_t)fifolock_unlock(lock, FIFOLOCK_EXCLUSIVE);
}

static void *take_exclusive_for_a_moment(void *lock)
{
	struct timespec until = test_in_ns(CLOCK_MONOTONIC, 20000000);

	return (void *)(intptr_t)fifolock_timedlock(lock, FIFOLOCK_EXCLUSIVE, &until);
}

static intptr_t in_thread(void *(*run)(void *), fifolock_t *lock)
{
	pthread_t thread;
	void *result;

	cr_assert_eq(pthread_create(&thread, NULL, run, lock), 0);
	cr_assert_eq(pthread_join(thread, &result), 0);
	return (intptr_t)result;
}

static pthread_t in_line(void *(*run)(void *), fifolock_t *lock)
{
	uint32_t before = fifolock_waiting(lock);
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, run, lock), 0);
	while (fifolock_waiting(lock) == before)
		sched_yield();
	return thread;
}

Test(debug, asking_twice_for_exclusive_is_reported_with_both_places,
     .description = "EDEADLK")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	const char *text;

	catch_reports();
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), EDEADLK);
	text = reported();
	cr_assert_not_null(strstr(text, "EDEADLK"));
	cr_assert_eq(times(text, "[+0x"), 2u, "two call sites");
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(debug, a_deadline_does_not_hide_a_deadlock, .description = "EDEADLK")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	struct timespec until = test_in_ns(CLOCK_MONOTONIC, 1000000000);

	catch_reports();
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_timedlock(&lock, FIFOLOCK_EXCLUSIVE, &until), EDEADLK);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
}

Test(debug, second_shared_behind_a_queued_exclusive_is_reported, .description = "EDEADLK")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	pthread_t writer;
	void *result;

	catch_reports();
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	writer = in_line(take_exclusive, &lock);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), EDEADLK);
	cr_assert_not_null(strstr(reported(), "a request in line before it"));
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(pthread_join(writer, &result), 0);
	cr_assert_null(result);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(debug, second_shared_behind_one_that_may_give_up_is_no_deadlock,
     .description = "EDEADLK only for what can never be granted")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	pthread_t writer;
	void *result;

	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	writer = in_line(take_exclusive_for_a_moment, &lock);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(pthread_join(writer, &result), 0);
	cr_assert_eq((intptr_t)result, ETIMEDOUT);
	cr_assert_eq(fifolock_unlock_n(&lock, FIFOLOCK_SHARED, 2), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(debug, what_fits_may_be_held_twice, .description = "no false alarm")
{
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_update_modes);

	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(debug, a_release_by_another_thread_is_refused_and_reported, .description = "EPERM")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);

	catch_reports();
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(in_thread(give_exclusive, &lock), EPERM);
	cr_assert_not_null(strstr(reported(), "EPERM"));
	cr_assert_eq(fifolock_holds(&lock, FIFOLOCK_EXCLUSIVE), 1u);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE), 0);
}

Test(debug, a_table_may_let_other_threads_release, .description = "owner_checked")
{
	fifolock_modes_t modes = fifolock_mutex_modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_modes_owner_checked(&modes, false), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(in_thread(give_exclusive, &lock), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(debug, many_locks_at_once_accuse_nobody, .description = "no false alarm")
{
	static fifolock_t locks[200];

	for (unsigned i = 0; i < 200; i++)
		cr_assert_eq(fifolock_lock(&locks[i], FIFOLOCK_EXCLUSIVE), 0);
	for (unsigned i = 0; i < 200; i++)
		cr_assert_eq(fifolock_unlock(&locks[i], FIFOLOCK_EXCLUSIVE), 0);
}

Test(debug, a_lock_made_anew_is_held_by_nobody, .description = "EPERM")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);

	catch_reports();
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_init(&lock, NULL), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0, "no false alarm");
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE), EPERM);
}

Test(debug, modes_without_names_go_by_their_numbers, .description = "EPERM")
{
	static const struct fifolock_mode unnamed[] = {{.max = 1}, {.max = 7}};
	static fifolock_modes_t modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	const char *text;

	catch_reports();
	cr_assert_eq(fifolock_modes_compile(&modes, unnamed, 2, NULL, 0), 0);
	cr_assert_eq(fifolock_modes_owner_checked(&modes, true), 0);
	cr_assert_eq(fifolock_lock_n(&lock, 1, 2), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, 1, 3), EPERM);
	text = reported();
	cr_assert_not_null(strstr(text, "mode 1"));
	cr_assert_not_null(strstr(text, "3 mode 1 of a thread that holds 2"));
	cr_assert_eq(fifolock_unlock_n(&lock, 1, 2), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- a callback in a thread that has given its hold back to wait ---- */

static fifolock_cond_t cond;
static pthread_t other;
static int asked_again;
static bool has_asked; /* atomic */

/* Held until the callback is in line for it, or was refused. */
static void *keep_from_the_callback(void *lock)
{
	int error = fifolock_lock(lock, FIFOLOCK_EXCLUSIVE);

	while (!fifolock_waiting(lock) && !__atomic_load_n(&has_asked, __ATOMIC_ACQUIRE))
		sched_yield();
	error = error ? error : fifolock_unlock(lock, FIFOLOCK_EXCLUSIVE);
	error = error ? error : fifolock_cond_signal(&cond);
	return (void *)(intptr_t)error;
}

static void ask_again(void *lock, int status)
{
	(void)status;
	(void)fifolock_unlock(lock, FIFOLOCK_EXCLUSIVE);
	if (pthread_create(&other, NULL, keep_from_the_callback, lock))
		abort();
	while (!fifolock_holds(lock, FIFOLOCK_EXCLUSIVE))
		sched_yield();
	asked_again = fifolock_lock(lock, FIFOLOCK_EXCLUSIVE);
	__atomic_store_n(&has_asked, true, __ATOMIC_RELEASE);
	if (asked_again == 0)
		(void)fifolock_unlock(lock, FIFOLOCK_EXCLUSIVE);
}

Test(debug, a_callback_in_a_wait_for_a_condition_may_ask_for_what_was_given_back,
     .description = "no false alarm")
{
	static fifolock_t lock;
	static fifolock_request_t request;
	void *result;

	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_request(&lock, FIFOLOCK_EXCLUSIVE, 1, &request, ask_again,
				      &lock),
		     EINPROGRESS);
	cr_assert_eq(fifolock_cond_wait(&cond, &lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(asked_again, 0);
	cr_assert_eq(pthread_join(other, &result), 0);
	cr_assert_null(result);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
