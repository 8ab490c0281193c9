/* SPDX-License-Identifier: MIT
 *
 * deadlock.c - deadlocks, found and told, their youngest requests refused.
 *
 * Nothing is guarded while others are told: what the search needs is pinned.
 */
#include "clock.h"
#include "cycle.h"
#include "deadlock.h"
#include "memory.h"
#include "recorded.h"

#include <pthread.h>
#include <sched.h>

/* How often a search begins anew, if what it has found has changed meanwhile. */
#define TRIES 16

struct search {
	fifolock_table_t *table;
	const struct fl_record *own; /* only what keeps this one waiting; NULL: all */
	void (*report)(const struct fifolock_deadlock *deadlock, void *ctx);
	void *ctx;
	bool refuse;
	bool found;
	struct fl_model model;
	struct fl_cycle cycle;
	struct fifolock_deadlock_wait *waits;
};

/* ---- told ---- */

static uint32_t item_of(const struct search *search, uint32_t wait)
{
	return search->cycle.steps[search->cycle.first + wait].item;
}

static const struct fl_claim *claim_of(const struct search *search, uint32_t wait)
{
	return fl_claim_of(&search->model.items[item_of(search, wait)]);
}

static uint32_t youngest(const struct search *search)
{
	uint32_t found = 0, count = search->cycle.end - search->cycle.first;

	for (uint32_t i = 1; i < count; i++)
		if (claim_of(search, i)->since >= claim_of(search, found)->since)
			found = i;
	return found;
}

static struct fifolock_deadlock_wait wait_of(const struct fl_claim *claim, uint64_t at,
					     bool next_holds, uint32_t next_mode)
{
	return (struct fifolock_deadlock_wait){
		.key = fl_entry_key(claim->entry),
		.mode = claim->mode,
		.n = claim->n,
		.from = claim->from,
		.owner = claim->owner,
		.thread = claim->thread,
		.age_ns = at > claim->since ? at - claim->since : 0,
		.next_holds = next_holds,
		.next_mode = next_mode,
	};
}

static void describe(const struct search *search, uint32_t wait, uint64_t at)
{
	const struct fl_step *step = &search->cycle.steps[search->cycle.first + wait];
	const struct fl_item *because = &search->model.items[step->because];

	search->waits[wait] = wait_of(claim_of(search, wait), at, !fl_item_waits(because),
				      fl_claim_of(because)->mode);
}

static void tell(const struct search *search, bool refused)
{
	struct fifolock_deadlock deadlock = {
		.name = search->table->options.name,
		.waits = search->waits,
		.count = search->cycle.end - search->cycle.first,
		.youngest = youngest(search),
		.refused = refused,
		.modes = search->table->modes,
	};
	uint64_t at = fl_now();

	if (!search->report)
		return;
	for (uint32_t i = 0; i < deadlock.count; i++)
		describe(search, i, at);
	search->report(&deadlock, search->ctx);
}

/* Of threads that find the same one at the same time one refuses. */
static void refuse(const struct search *search, const struct fl_item *victim)
{
	fifolock_key_request_t *called;
	bool refused;

	if (!fl_seen_refuse(victim->seen))
		return;
	called = fl_recorded_refuse(victim->seen->record, &refused);
	tell(search, refused);
	if (called)
		called->done(called->ctx, EDEADLK);
}

/* A waiting request tells of each only once. */
static void conclude(const struct search *search, const struct fl_item *victim)
{
	if (search->refuse)
		refuse(search, victim);
	else if (!search->own || fl_seen_report(victim->seen))
		tell(search, false);
}

/* ---- found ---- */

/* All that keep this request waiting: after each its youngest request is taken to have left. */
static int search_from(struct search *search, uint32_t at)
{
	struct fl_model *model = &search->model;

	while (model->items[at].stuck && fl_cycle_find(model, at, &search->cycle)) {
		uint32_t victim;

		if (!fl_cycle_verify(model, &search->cycle))
			return EAGAIN;
		search->found = true;
		victim = item_of(search, youngest(search));
		conclude(search, &model->items[victim]);
		fl_model_leave(model, victim);
	}
	return 0;
}

static int search_model(struct search *search)
{
	struct fl_model *model = &search->model;
	size_t room = model->owner_count + (size_t)1;
	int error = 0;

	search->cycle.steps = fl_memory(NULL, room * sizeof(*search->cycle.steps));
	search->waits = fl_memory(NULL, room * sizeof(*search->waits));
	if (!search->cycle.steps || !search->waits)
		return ENOMEM;
	fl_model_run(model);
	for (uint32_t i = 0; i < model->count && !error; i++)
		if (!search->own || model->items[i].seen->record == search->own)
			error = search_from(search, i);
	return error;
}

static int search_once(struct search *search)
{
	int error;

	search->cycle.steps = NULL;
	search->waits = NULL;
	error = fl_model_make(&search->model, search->table);
	if (!error)
		error = search_model(search);
	free(search->cycle.steps);
	free(search->waits);
	fl_model_free(&search->model);
	return error;
}

/* One that cannot be made certain is none: if it stays, another look will find it. */
static int search_all(struct search *search)
{
	int saved = errno, cancel, error, tries = TRIES;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	do
		error = search_once(search);
	while (error == EAGAIN && !search->found && --tries && !sched_yield());
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	if (search->found)
		return EDEADLK;
	return error == EAGAIN ? 0 : error;
}

int fifolock_table_deadlocks(fifolock_table_t *table,
			     void (*report)(const struct fifolock_deadlock *deadlock,
					    void *ctx),
			     void *ctx, bool refuse)
{
	struct search search = {
		.table = table, .report = report, .ctx = ctx, .refuse = refuse};

	if (!table)
		return EINVAL;
	return table->records ? search_all(&search) : ENOTSUP;
}

/* If it is still to be seen which other one. */
void fl_deadlock_tell(const struct fl_record *conversion)
{
	const struct fifolock_table_options *options = &conversion->table->options;
	const struct fl_claim *mine = &conversion->claim;
	struct fl_claim rival;
	struct fifolock_deadlock_wait waits[2];
	struct fifolock_deadlock deadlock = {.name = options->name,
					     .waits = waits,
					     .count = 2,
					     .refused = true,
					     .modes = conversion->table->modes};
	uint64_t at = fl_now();
	int cancel;

	if (!options->on_deadlock || !fl_record_rival(conversion, &rival))
		return;
	waits[0] = wait_of(mine, at, true, (uint32_t)rival.from);
	waits[1] = wait_of(&rival, at, true, (uint32_t)mine->from);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	options->on_deadlock(&deadlock, options->ctx);
	pthread_setcancelstate(cancel, NULL);
}

uint64_t fl_deadlock_after(const fifolock_table_t *table)
{
	const struct fifolock_table_options *options = &table->options;

	return options->deadlock_refuse || options->on_deadlock
		       ? options->deadlock_after_ns
		       : 0;
}

void fl_deadlock_look(struct fl_record *record)
{
	const struct fifolock_table_options *options = &record->table->options;
	struct search search = {
		.table = record->table,
		.own = record,
		.report = options->on_deadlock,
		.ctx = options->ctx,
		.refuse = options->deadlock_refuse,
	};

	(void)search_all(&search);
}
