/* SPDX-License-Identifier: MIT
 *
 * report.c - a deadlock as text.
 */
#include "print.h"

#include <errno.h>
#include <pthread.h>

static void print_wait(FILE *out, const struct fifolock_deadlock *deadlock, size_t i)
{
	const struct fifolock_deadlock_wait *wait = &deadlock->waits[i];
	const struct fifolock_deadlock_wait *next =
		&deadlock->waits[(i + 1) % deadlock->count];

	fputs("  ", out);
	fl_print_owner(out, wait->owner, wait->thread);
	fputs(" waits for ", out);
	fl_print_key(out, wait->key);
	fputs(" in ", out);
	fl_print_claim(out, deadlock->modes, wait->from, wait->mode, wait->n,
		       wait->age_ns);
	fputs(": ", out);
	fl_print_owner(out, next->owner, next->thread);
	fputs(wait->next_holds ? " holds it in " : " stands before it, for ", out);
	fl_print_mode(out, deadlock->modes, wait->next_mode);
	if (i == deadlock->youngest)
		fputs(deadlock->refused ? "; refused" : "; the youngest", out);
	fputc('\n', out);
}

/* What stdio calls are cancellation points; this is none.  Not mixed with what other threads print. */
int fifolock_deadlock_print(const struct fifolock_deadlock *deadlock, FILE *out)
{
	int saved = errno, cancel;

	if (!deadlock || !out)
		return EINVAL;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	flockfile(out);
	fprintf(out, "deadlock in table %s:\n",
		deadlock->name ? deadlock->name : "without a name");
	for (size_t i = 0; i < deadlock->count; i++)
		print_wait(out, deadlock, i);
	funlockfile(out);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return 0;
}
