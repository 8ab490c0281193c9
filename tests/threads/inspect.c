/* SPDX-License-Identifier: MIT
 *
 * inspect.c - looking at a lock: the line that a snapshot shows, and the text of
 * a dump.
 */
#define _GNU_SOURCE
#include "waiters.h"
#include <fifolock/inspect.h>

/* No other thread is at the lock: there is such a moment at once, or, while another thread
 * goes to sleep, soon. */
static void looks(fifolock_t *lock, struct fifolock_snapshot *out,
		  struct fifolock_in_line line[], size_t room)
{
	int rc;

	do
		rc = fifolock_snapshot(lock, out, line, room);
	while (rc == EAGAIN);
	quick_check(rc == 0, "snapshot: %d", rc);
}

/* ---- snapshot ---- */

Test(snapshot, of_a_free_lock, .description = "snapshot")
{
	struct fifolock_snapshot out;
	fifolock_t lock = {0};

	memset(&out, 0xff, sizeof(out));
	looks(&lock, &out, NULL, 0);
	cr_assert_eq(out.modes, 2);
	cr_assert_eq(out.holds[X], 0);
	cr_assert_eq(out.holds[S], 0);
	cr_assert_eq(out.waiting, 0);
	cr_assert_not(out.closed);
	cr_assert_null(out.name);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(snapshot, refuses_nothing_to_look_at_or_to_write_to, .description = "G7")
{
	struct fifolock_snapshot out;
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_snapshot(NULL, &out, NULL, 0), EINVAL);
	cr_assert_eq(fifolock_snapshot(&lock, NULL, NULL, 0), EINVAL);
}

static void is(const struct fifolock_in_line *place, unsigned mode, uint32_t n, int from,
	       bool may_leave)
{
	cr_assert_eq(place->mode, mode);
	cr_assert_eq(place->n, n);
	cr_assert_eq(place->from, from);
	cr_assert_eq(place->may_leave, may_leave);
}

Test(snapshot, shows_who_holds_and_who_is_in_line, .description = "snapshot")
{
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_in_line line[8];
	struct fifolock_snapshot out;
	fifolock_request_t request;
	struct puppet waiters[3];

	cr_assert_eq(fifolock_lock_n(&lock, S, 3), 0);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	lines_up(&waiters[0], &lock, ASKS, X, 1);
	cr_assert_eq(requests(&lock, S, 7, &request), EINPROGRESS);
	lines_up(&waiters[1], &lock, ASKS_UNTIL, U, 1);
	lines_up(&waiters[2], &lock, ASKS, S, 2);
	looks(&lock, &out, line, 8);
	cr_assert_eq(out.modes, 3);
	cr_assert_eq(out.holds[X], 0);
	cr_assert_eq(out.holds[S], 3);
	cr_assert_eq(out.holds[U], 1);
	cr_assert_eq(out.waiting, 4);
	cr_assert_eq(out.oldest_ticket, line[0].ticket);
	for (uint32_t i = 1; i < 4; i++)
		cr_assert_eq(line[i].ticket, line[0].ticket + i);
	is(&line[0], X, 1, -1, false);
	is(&line[1], S, 7, -1, true);
	is(&line[2], U, 1, -1, true);
	is(&line[3], S, 2, -1, false);
	cr_assert_eq(fifolock_close(&lock), 0);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(answer(&waiters[i]), ECANCELED);
}

Test(snapshot, shows_conversions_before_all_others, .description = "snapshot")
{
	fifolock_modes_t modes = unowned(&fifolock_intent_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_in_line line[4];
	struct fifolock_snapshot out;
	struct puppet waiters[4];

	cr_assert_eq(fifolock_lock_n(&lock, IS, 2), 0);
	cr_assert_eq(fifolock_lock(&lock, IX), 0);
	lines_up(&waiters[2], &lock, ASKS, X, 1);
	lines_up(&waiters[0], &lock, CONVERTS, IS, S);
	lines_up(&waiters[3], &lock, ASKS_UNTIL, IS, 1);
	lines_up(&waiters[1], &lock, CONVERTS_UNTIL, IS, U);
	looks(&lock, &out, line, 4);
	cr_assert_eq(out.waiting, 4);
	cr_assert_eq(out.holds[IS], 2);
	cr_assert_eq(out.holds[IX], 1);
	is(&line[0], S, 1, IS, false);
	is(&line[1], U, 1, IS, true);
	is(&line[2], X, 1, -1, false);
	is(&line[3], IS, 1, -1, true);
	cr_assert_eq(fifolock_close(&lock), 0);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(answer(&waiters[i]), ECANCELED);
	looks(&lock, &out, line, 4);
	cr_assert(out.closed);
	cr_assert_eq(out.waiting, 0);
	cr_assert_eq(out.holds[IS], 2);
	cr_assert_eq(fifolock_reopen(&lock), 0);
	looks(&lock, &out, line, 4);
	cr_assert_not(out.closed);
}

Test(snapshot, shows_no_more_than_there_is_room_for, .description = "snapshot")
{
	fifolock_modes_t modes = unowned(&fifolock_mutex_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_in_line line[3];
	struct fifolock_snapshot out;
	fifolock_request_t places[5];

	memset(line, 0x55, sizeof(line));
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(requests(&lock, X, 1, &places[i]), i ? EINPROGRESS : 0);
	looks(&lock, &out, line, 2);
	cr_assert_eq(out.waiting, 4);
	is(&line[1], X, 1, -1, true);
	cr_assert_eq(line[1].ticket, line[0].ticket + 1);
	cr_assert_eq(line[2].ticket, 0x55555555, "past the room");
	cr_assert_eq(line[2].mode, 0x55555555, "past the room");
	looks(&lock, &out, NULL, 0);
	cr_assert_eq(out.waiting, 4);
	cr_assert_eq(out.oldest_ticket, line[0].ticket);
}

Test(snapshot, leaves_out_who_has_left, .description = "snapshot")
{
	fifolock_modes_t modes = unowned(&fifolock_mutex_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_in_line line[8];
	struct fifolock_snapshot out;
	fifolock_request_t places[6];

	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(requests(&lock, X, 1, &places[i]), i ? EINPROGRESS : 0);
	cr_assert_eq(fifolock_request_cancel(&places[2]), 0);
	cr_assert_eq(fifolock_request_cancel(&places[4]), 0);
	looks(&lock, &out, line, 8);
	cr_assert_eq(out.waiting, 3);
	cr_assert_eq(line[1].ticket, line[0].ticket + 2);
	cr_assert_eq(line[2].ticket, line[0].ticket + 4);
	cr_assert_eq(fifolock_request_cancel(&places[1]), 0);
	looks(&lock, &out, line, 8);
	cr_assert_eq(out.waiting, 2);
	cr_assert_eq(out.oldest_ticket, line[0].ticket);
	cr_assert_eq(line[1].ticket, line[0].ticket + 2);
}

Test(snapshot, knows_how_long_they_have_been_in_line, .description = "snapshot")
{
	fifolock_modes_t modes = unowned(&fifolock_mutex_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_in_line line[3];
	struct fifolock_snapshot out;
	fifolock_request_t places[3];
	struct puppet waiter;
	uint64_t from = tick(), now;

	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(requests(&lock, X, 1, &places[i]), i ? EINPROGRESS : 0);
	until_ticks(2);
	cr_assert_eq(requests(&lock, X, 1, &places[2]), EINPROGRESS);
	lines_up(&waiter, &lock, ASKS, X, 1);
	looks(&lock, &out, line, 3);
	cr_assert_leq(line[2].age_ns, tick() - from, "perhaps awake");
	until_ticks(2);
	do {
		looks(&lock, &out, line, 3);
		now = tick();
		cr_assert_gt(line[0].age_ns, line[1].age_ns);
		cr_assert_gt(line[1].age_ns, 0);
		cr_assert_leq(line[0].age_ns, now - from);
		cr_assert_leq(line[2].age_ns, now - from);
	} while (line[2].age_ns == 0); /* until it sleeps */
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(answer(&waiter), ECANCELED);
}

/* ---- dump ---- */

static char *dumped(fifolock_t *lock)
{
	static char *text;
	static size_t size;
	FILE *out = open_memstream(&text, &size);
	int rc = fifolock_dump(lock, out);

	fclose(out);
	cr_assert_eq(rc, 0);
	return text;
}

/* After the lock's address, which the first line begins with. */
static void dumps_as(fifolock_t *lock, const char *expected)
{
	char begins[64], *text = dumped(lock);
	int length = snprintf(begins, sizeof(begins), "fifolock %p", (void *)lock);

	cr_assert_eq(strncmp(text, begins, (size_t)length), 0, "%s", text);
	cr_assert_str_eq(text + length, expected);
	free(text);
}

Test(dump, says_who_holds, .description = "dump")
{
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	dumps_as(&lock, ": not held, 0 in line\n");
	cr_assert_eq(fifolock_lock_n(&lock, S, 12), 0);
	dumps_as(&lock, ": held: 12 shared, 0 in line\n");
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	dumps_as(&lock, ": held: 12 shared, 1 update, 0 in line\n");
	cr_assert_eq(fifolock_close(&lock), 0);
	dumps_as(&lock, ": held: 12 shared, 1 update, 0 in line, closed\n");
	cr_assert_eq(fifolock_dump(NULL, stderr), EINVAL);
}

/* Ages are 0, and not said, as long as the clock has not ticked. */
static bool dumps_a_line(void)
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	fifolock_request_t places[4];
	uint64_t from = tick();
	char *text;
	bool same;

	quick_check(fifolock_lock(&lock, X) == 0, "lock");
	quick_check(requests(&lock, S, 1, &places[1]) == EINPROGRESS, "request");
	quick_check(requests(&lock, S, 5, &places[2]) == EINPROGRESS, "request");
	quick_check(requests(&lock, X, 1, &places[3]) == EINPROGRESS, "request");
	text = dumped(&lock);
	same = tick() == from;
	if (same)
		cr_assert_str_eq(strchr(text, ':'), ": held: 1 exclusive, 3 in line\n"
						    "  #0 shared, may leave\n"
						    "  #1 shared x 5, may leave\n"
						    "  #2 exclusive, may leave\n");
	free(text);
	fifolock_close(&lock);
	return same;
}

Test(dump, says_who_is_in_line, .description = "dump")
{
	while (!dumps_a_line())
		;
}

Test(dump, says_how_long_and_from_what, .description = "dump")
{
	static const char *const parts[] = {"  #0 update -> exclusive, for 0.",
					    "  #1 shared, for 0.", " s, may leave\n"};
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct fifolock_snapshot out;
	struct fifolock_in_line line;
	fifolock_request_t request;
	struct puppet waiter;
	char *text, *at;

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	lines_up(&waiter, &lock, CONVERTS, U, X);
	cr_assert_eq(requests(&lock, S, 1, &request), EINPROGRESS);
	until_ticks(2);
	do
		looks(&lock, &out, &line, 1);
	while (line.age_ns == 0); /* until it sleeps */
	text = at = dumped(&lock);
	for (unsigned i = 0; i < 3; i++) {
		at = strstr(at, parts[i]);
		cr_assert_not_null(at, "%s", text);
	}
	free(text);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(answer(&waiter), 0);
}

Test(dump, ends_after_64, .description = "dump")
{
	fifolock_modes_t modes = unowned(&fifolock_mutex_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	fifolock_request_t places[67];
	unsigned lines = 0;
	char *text;

	for (unsigned i = 0; i < 67; i++)
		cr_assert_eq(requests(&lock, X, 1, &places[i]), i ? EINPROGRESS : 0);
	text = dumped(&lock);
	for (const char *at = text; (at = strchr(at, '#')); at++)
		lines++;
	cr_assert_eq(lines, 64);
	cr_assert_not_null(strstr(text, "held: 1 exclusive, 66 in line\n"));
	cr_assert_str_eq(strrchr(text, '#') + strcspn(strrchr(text, '#'), "\n"),
			 "\n  and 2 more\n");
	free(text);
}

Test(dump, says_the_name, .description = "dump")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct fifolock_snapshot out;

	cr_assert_eq(fifolock_stats_init(&stats, "cache", NULL), 0);
	looks(&lock, &out, NULL, 0);
	cr_assert_str_eq(out.name, "cache");
	dumps_as(&lock, " cache: not held, 0 in line\n");
}

Test(dump, leaves_errno_as_it_was, .description = "dump")
{
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_mutex_modes);
	FILE *full = fopen("/dev/full", "w");

	cr_assert_not_null(full);
	setbuf(full, NULL);
	errno = 4711;
	cr_assert_eq(fifolock_dump(&lock, full), 0);
	cr_assert_eq(errno, 4711);
	cr_assert(ferror(full));
	fclose(full);
	is_free(&lock);
}

/* ---- what only the debug build knows ---- */

static void ignore(const struct fifolock_report *report, void *ctx)
{
	(void)report, (void)ctx;
}

/* A program need not know which of the two it runs with. */
Test(holders, are_the_debug_builds_to_know, .description = "debug build")
{
	fifolock_t lock = {0};
	size_t count = 7;
	int rc = fifolock_holders(&lock, NULL, 0, &count);

	cr_assert(rc == ENOTSUP ? count == 7 : rc == 0 && count == 0);
	cr_assert_eq(fifolock_debug_on_report(ignore, NULL), rc);
	cr_assert_eq(fifolock_debug_on_report(NULL, NULL), rc);
	cr_assert_eq(fifolock_holders(&lock, NULL, 0, NULL), EINVAL);
	cr_assert_eq(fifolock_holders(NULL, NULL, 0, &count), EINVAL);
	cr_assert_eq(fifolock_holders(&lock, NULL, 1, &count), EINVAL);
}

/* ---- cancelling ---- */

static void *dumps_while_cancelled(void *arg)
{
	fifolock_t lock = {0};
	FILE *out = fopen("/dev/null", "w");

	setvbuf(out, NULL, _IONBF, 0);
	pthread_cancel(pthread_self());
	*(int *)arg = fifolock_dump(&lock, out);
	pthread_testcancel();
	return NULL;
}

Test(dump, is_no_cancellation_point, .description = "no function is a cancellation point")
{
	pthread_t thread;
	void *ended = NULL;
	int answer = -1;

	cr_assert_eq(pthread_create(&thread, NULL, dumps_while_cancelled, &answer), 0);
	cr_assert_eq(pthread_join(thread, &ended), 0);
	cr_assert_eq(ended, PTHREAD_CANCELED);
	cr_assert_eq(answer, 0);
}
