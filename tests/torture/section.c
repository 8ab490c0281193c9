/* SPDX-License-Identifier: MIT
 *
 * section.c - sections: run in turn, at once or later, by this thread or another; each
 * exactly once, and under exclusion.
 */
#include "torture.h"

#include "core/park.h"

#include <fifolock/request.h>

#define PENDING UINT32_MAX

/* On the caller's stack: plain, as what a section writes is seen after the call. */
struct section {
	struct target *target;
	struct entry *entry;
	struct seat *seat;
	void (*inside)(struct target *target, unsigned mode);
	unsigned ran, ran_elsewhere;
	fifolock_section_t later;
	uint32_t told; /* atomic */
};

static void run_it(void *arg)
{
	struct section *section = arg;
	struct target *target = section->target;
	unsigned mode = section->entry->mode;

	section->entry->inside = stamp(target, 1);
	shadow_add(target, mode, 1);
	section->inside(target, mode);
	section->ran++;
	section->ran_elsewhere += me != section->seat;
	shadow_take(target, mode, 1);
	section->entry->outside = stamp(target, 1);
}

static void tell(void *ctx, int status)
{
	struct section *section = ctx;

	if (__atomic_exchange_n(&section->told, (uint32_t)status, __ATOMIC_RELEASE) !=
	    PENDING)
		violation("a section was told twice that it is over");
	fl_unpark(&section->told);
}

static uint32_t told(const struct section *section)
{
	return __atomic_load_n(&section->told, __ATOMIC_ACQUIRE);
}

/* Taken back, as if its time had passed; or too late for that. */
static bool taken_back(struct section *section)
{
	section->entry->how = TIMED;
	if (fifolock_request_cancel(&section->later.request))
		return false;
	if (told(section) != PENDING)
		violation("a section was taken back and told");
	return true;
}

static int run_later(struct actor *actor, struct section *section)
{
	int error = fifolock_run_async(section->target->lock, section->entry->mode,
				       &section->later, run_it, section, tell, section);

	if (error != EINPROGRESS)
		return error;
	if (has(&the_round->plan, F_timed) && oracle_below(&actor->random, 4) == 0 &&
	    taken_back(section))
		return ETIMEDOUT;
	while (told(section) == PENDING)
		fl_park(&section->told, PENDING, NULL);
	return (int)told(section);
}

void call_run(struct actor *actor, struct target *target, unsigned mode, bool later,
	      void (*inside)(struct target *target, unsigned mode))
{
	struct entry *entry = call_open(actor, SECTION, target, mode, 1);
	struct section section = {.target = target,
				  .entry = entry,
				  .seat = me,
				  .inside = inside,
				  .told = PENDING};
	int error;

	entry->request = later;
	call_begin(actor, entry);
	error = later ? run_later(actor, &section)
		      : fifolock_run(target->lock, mode, run_it, &section);
	call_end(actor, entry, error);
	if (section.ran != (error == 0))
		violation("lock %u: a section was told %d, and ran %u times",
			  target->index, error, section.ran);
	me->by_others += section.ran_elsewhere;
}
