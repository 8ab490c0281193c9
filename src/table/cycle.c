/* SPDX-License-Identifier: MIT
 *
 * cycle.c - a circle of waits, found and verified.
 *
 * Each stuck request waits for something of an owner that is stuck itself.  So a walk from request to
 * request ends where it has been before.
 */
#include "cycle.h"

/* How good a reason a hold is.  One with which alone the request does not fit is better than one of
 * several that do not leave it enough together; the request's own owner's, which surely
 * stays, is the best of the former and the worst of the latter. */
static unsigned reason(const struct fl_model *model, const struct fl_item *item,
		       const struct fl_item *hold)
{
	bool own = hold->owner == item->owner;

	if (!hold->in || hold == fl_item_given(model, item))
		return 0;
	return fl_item_fits(model, item, hold->units) ? 2 - own : 3 + own;
}

static uint32_t best_hold(const struct fl_model *model, const struct fl_item *item)
{
	const struct fl_model_key *key = &model->keys[item->key];
	uint32_t best = FL_NONE;
	unsigned most = 0;

	/* Requests of owners that are stuck for another one may have been granted meanwhile. */
	for (uint32_t i = key->first; i < key->end; i++) {
		unsigned good = reason(model, item, &model->items[i]);

		if (good > most) {
			most = good;
			best = i;
		}
	}
	return best;
}

static uint32_t before_in_line(const struct fl_model *model, uint32_t item)
{
	uint32_t line = model->keys[model->items[item].key].line;

	while (item-- > line)
		if (model->items[item].stuck)
			return item;
	return FL_NONE;
}

static uint32_t why_stuck(const struct fl_model *model, uint32_t at)
{
	const struct fl_item *item = &model->items[at];
	const struct fl_item *given = fl_item_given(model, item);
	uint64_t held = model->keys[item->key].word - (given ? given->units : 0);
	uint32_t hold =
		fl_item_fits(model, item, held) ? FL_NONE : best_hold(model, item);

	return hold == FL_NONE ? before_in_line(model, at) : hold;
}

static uint32_t stuck_item(const struct fl_model *model, uint32_t owner)
{
	uint32_t i = model->owners[owner].first;

	while (i != FL_NONE && !model->items[i].stuck)
		i = model->items[i].next;
	return i;
}

bool fl_cycle_find(struct fl_model *model, uint32_t item, struct fl_cycle *cycle)
{
	uint32_t step = 0;

	for (uint32_t i = 0; i < model->owner_count; i++)
		model->owners[i].step = FL_NONE;
	while (item != FL_NONE) {
		struct fl_model_owner *owner = &model->owners[model->items[item].owner];
		uint32_t because = why_stuck(model, item);

		if (owner->step != FL_NONE) {
			cycle->first = owner->step;
			cycle->end = step;
			return true;
		}
		if (because == FL_NONE)
			return false;
		owner->step = step;
		cycle->steps[step++] = (struct fl_step){item, because};
		item = model->items[because].stuck
			       ? because
			       : stuck_item(model, model->items[because].owner);
	}
	return false;
}

/* ---- verified ---- */

struct closure {
	struct fl_model *model;
	uint32_t *owners; /* whose requests are to be looked at */
	uint32_t count;
};

static void add(struct closure *closure, uint32_t owner)
{
	struct fl_model_owner *its = &closure->model->owners[owner];

	if (its->in_closure)
		return;
	its->in_closure = true;
	closure->owners[closure->count++] = owner;
}

/* The others that keep the request where it is: with holds, or before it in line. */
static void add_others(struct closure *closure, uint32_t at)
{
	const struct fl_model *model = closure->model;
	const struct fl_model_key *key = &model->keys[model->items[at].key];

	for (uint32_t i = key->first; i < key->end; i++)
		if (model->items[i].in || (i < at && model->items[i].stuck))
			add(closure, model->items[i].owner);
}

static bool verify(struct closure *closure, uint32_t at)
{
	struct fl_item *item = &closure->model->items[at];

	if (closure->model->keys[item->key].unsure)
		return false;
	if (!item->verified &&
	    fifolock_request_position(&item->seen->record->request) == UINT32_MAX)
		return false;
	item->verified = true;
	add_others(closure, at);
	return true;
}

bool fl_cycle_verify(struct fl_model *model, const struct fl_cycle *cycle)
{
	struct closure closure = {model, model->scratch, 0};

	for (uint32_t i = 0; i < model->owner_count; i++)
		model->owners[i].in_closure = false;
	for (uint32_t i = cycle->first; i < cycle->end; i++)
		add(&closure, model->items[cycle->steps[i].item].owner);
	for (uint32_t done = 0; done < closure.count; done++)
		for (uint32_t i = model->owners[closure.owners[done]].first; i != FL_NONE;
		     i = model->items[i].next)
			if (model->items[i].stuck && !verify(&closure, i))
				return false;
	return true;
}
