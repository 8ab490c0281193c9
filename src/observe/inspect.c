/* SPDX-License-Identifier: MIT
 *
 * inspect.c - what a lock looks like from outside.
 *
 *	relaxed   because
 *	[ANSWER]  A number for the caller, old by the time it is read. It orders nothing.
 */
#include "core/atomic.h"
#include "observe/debug/debug.h"
#include "core/walk.h"

#include <errno.h>
#include <fifolock/inspect.h>
#include <inttypes.h>
#include <pthread.h>

/* How often a snapshot is tried, and how many requests are printed. */
#define TRIES 16
#define SHOWN 64

struct copy {
	struct fifolock_snapshot *out;
	struct fifolock_in_line *line;
	size_t room;
	uint32_t now;
};

static bool copy_slot(const struct fl_slot *slot, void *ctx)
{
	struct copy *copy = ctx;
	uint32_t since = fl_load_relaxed(&slot->since); /* [ANSWER] */
	int32_t age = (int32_t)(copy->now - since);

	if (copy->out->waiting == 0)
		copy->out->oldest_ticket = slot->ticket;
	if (copy->out->waiting < copy->room)
		copy->line[copy->out->waiting] = (struct fifolock_in_line){
			.ticket = slot->ticket,
			.mode = slot->mode,
			.n = slot->weight,
			.from = slot->how & FL_CONVERTS ? slot->from : -1,
			.may_leave = slot->how & FL_LEAVES,
			.age_ns = since && age > 1 ? (uint64_t)(age - 1) << FL_SINCE_SHIFT
						   : 0,
		};
	copy->out->waiting++;
	return true;
}

static const char *name_of(const fifolock_modes_t *modes)
{
	return modes->flags & FL_MODES_COUNTED
		       ? ((const fifolock_stats_t *)modes->stats)->name
		       : NULL;
}

static int try_snapshot(fifolock_t *lock, struct copy *copy)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_walk look = {.visit = copy_slot, .ctx = copy};
	struct fifolock_snapshot *out = copy->out;
	int error;

	*out = (struct fifolock_snapshot){.modes = modes->count, .name = name_of(modes)};
	error = fl_walk(lock, &look);
	for (unsigned m = 0; m < out->modes; m++)
		out->holds[m] = fl_word_holds(modes, m, look.word);
	out->closed = look.closed;
	return error;
}

int fifolock_snapshot(fifolock_t *lock, struct fifolock_snapshot *out,
		      struct fifolock_in_line line[], size_t room)
{
	struct fifolock_snapshot snapshot;
	struct copy copy = {&snapshot, line, room, fl_since_now()};
	unsigned tries = TRIES;
	int error;

	if (!lock || lock->modes == &fl_no_modes || !out || (room && !line))
		return EINVAL;
	do
		error = try_snapshot(lock, &copy);
	while (error == EAGAIN && --tries);
	if (error)
		return EAGAIN;
	*out = snapshot;
	return 0;
}

static void print_mode(FILE *out, const fifolock_modes_t *modes, unsigned mode)
{
	if (modes->names[mode])
		fprintf(out, "%s", modes->names[mode]);
	else
		fprintf(out, "mode %u", mode);
}

static void print_request(FILE *out, const fifolock_modes_t *modes,
			  const struct fifolock_in_line *request)
{
	fprintf(out, "  #%" PRIu32 " ", request->ticket);
	if (request->from >= 0) {
		print_mode(out, modes, (unsigned)request->from);
		fprintf(out, " -> ");
	}
	print_mode(out, modes, request->mode);
	if (request->n != 1)
		fprintf(out, " x %" PRIu32, request->n);
	if (request->age_ns)
		fprintf(out, ", for %.3f s", (double)request->age_ns / 1e9);
	fprintf(out, "%s\n", request->may_leave ? ", may leave" : "");
}

static void print_holds(FILE *out, const fifolock_modes_t *modes,
			const struct fifolock_snapshot *snapshot)
{
	bool any = false;

	for (unsigned m = 0; m < snapshot->modes; m++)
		if (snapshot->holds[m]) {
			fprintf(out, "%s%" PRIu32 " ",
				any ? ", " : " held: ", snapshot->holds[m]);
			print_mode(out, modes, m);
			any = true;
		}
	fprintf(out, "%s, %" PRIu32 " in line%s\n", any ? "" : " not held",
		snapshot->waiting, snapshot->closed ? ", closed" : "");
}

static void print_all(fifolock_t *lock, FILE *out,
		      const struct fifolock_snapshot *snapshot,
		      const struct fifolock_in_line line[])
{
	fprintf(out, "fifolock %p%s%s:", (void *)lock, snapshot->name ? " " : "",
		snapshot->name ? snapshot->name : "");
	print_holds(out, fl_modes_of(lock), snapshot);
	fl_debug_print_holders(lock, out);
	for (uint32_t i = 0; i < snapshot->waiting && i < SHOWN; i++)
		print_request(out, fl_modes_of(lock), &line[i]);
	if (snapshot->waiting > SHOWN)
		fprintf(out, "  and %" PRIu32 " more\n", snapshot->waiting - SHOWN);
}

/* What stdio calls are cancellation points; this is none. */
int fifolock_dump(fifolock_t *lock, FILE *out)
{
	struct fifolock_in_line line[SHOWN];
	struct fifolock_snapshot snapshot;
	int error = out ? fifolock_snapshot(lock, &snapshot, line, SHOWN) : EINVAL;
	int saved = errno, cancel;

	if (error)
		return error;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	print_all(lock, out, &snapshot, line);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return 0;
}
