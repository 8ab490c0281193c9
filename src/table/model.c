/* SPDX-License-Identifier: MIT
 *
 * model.c - the model is made, and run.
 *
 * Of two requests in a line it is known which came first if the one had joined it before the other
 * began to.  Otherwise their positions tell, read twice: while both are in line, and no conversion
 * joins before them, no request is in line before the first that is not before the second, too, and
 * a position never grows.  So if the first's, read earlier, is less than the second's, read later, it is the
 * first.
 */
#include "model.h"
#include "memory.h"
#include "core/word.h"

/* ---- sorted ---- */

/* The thread, or the request itself, where no owner is named: their numbers are no owners'. */
static int by_owner(const void *one, const void *other)
{
	const struct fl_claim *a = fl_claim_of(one), *b = fl_claim_of(other);

	if (a->owner != b->owner)
		return fl_order(a->owner, b->owner);
	if (a->owner)
		return 0;
	if (a->alone || b->alone)
		return fl_order(a->alone, b->alone);
	return fl_order((uint64_t)a->thread, (uint64_t)b->thread);
}

static int by_place(const void *one, const void *other)
{
	const struct fl_claim *a = fl_claim_of(one), *b = fl_claim_of(other);

	if (a->entry != b->entry)
		return fl_order((uintptr_t)a->entry, (uintptr_t)b->entry);
	if (a->state != b->state)
		return a->state == FL_RECORD_HOLDS ? -1 : 1;
	if ((a->from >= 0) != (b->from >= 0))
		return a->from >= 0 ? -1 : 1;
	return fl_order(a->asked, b->asked);
}

static int by_position(const void *one, const void *other)
{
	return fl_order(((const struct fl_item *)one)->early,
			((const struct fl_item *)other)->early);
}

/* ---- the line ---- */

static uint32_t position(const struct fl_item *item)
{
	return fifolock_request_position(&item->seen->record->request);
}

/* Items from first on of which each may have joined before the one before it: up to which? */
static uint32_t muddle(const struct fl_model *model, uint32_t first, uint32_t end)
{
	uint64_t joined = fl_claim_of(&model->items[first])->serial;
	bool converts = fl_claim_of(&model->items[first])->from >= 0;

	for (first++; first < end; first++) {
		const struct fl_claim *claim = fl_claim_of(&model->items[first]);

		if (claim->asked > joined || converts != (claim->from >= 0))
			break;
		joined = claim->serial > joined ? claim->serial : joined;
	}
	return first;
}

/* False: it cannot be told now. */
static bool settle(struct fl_model *model, uint32_t first, uint32_t end)
{
	struct fl_item *items = model->items;

	for (uint32_t i = first; i < end; i++)
		items[i].early = position(&items[i]);
	qsort(&items[first], end - first, sizeof(*items), by_position);
	for (uint32_t i = first; i < end; i++) {
		items[i].late = position(&items[i]);
		if (items[i].late == UINT32_MAX ||
		    (i > first && items[i - 1].early >= items[i].late))
			return false;
	}
	return true;
}

static void settle_line(struct fl_model *model, struct fl_model_key *key)
{
	struct fl_records *records = model->table->records;
	uint64_t before, after;
	bool sure;

	for (uint32_t first = key->line, end; first < key->end; first = end) {
		end = muddle(model, first, key->end);
		if (end - first == 1)
			continue;
		sure = fl_records_conversions(records, &before);
		sure &= settle(model, first, end);
		fl_records_conversions(records, &after);
		key->unsure |= !sure || before != after;
	}
}

/* ---- made ---- */

static void make_items(struct fl_model *model)
{
	model->count = (uint32_t)model->all.count;
	for (uint32_t i = 0; i < model->count; i++)
		model->items[i] = (struct fl_item){.seen = &model->all.seen[i]};
}

static void make_owners(struct fl_model *model)
{
	struct fl_item *items = model->items;

	qsort(items, model->count, sizeof(*items), by_owner);
	for (uint32_t i = 0; i < model->count; i++) {
		if (i == 0 || by_owner(&items[i - 1], &items[i]))
			model->owners[model->owner_count++] =
				(struct fl_model_owner){.first = FL_NONE};
		items[i].owner = model->owner_count - 1;
	}
}

static void make_keys(struct fl_model *model)
{
	struct fl_item *items = model->items;
	struct fl_model_key *key = NULL;

	qsort(items, model->count, sizeof(*items), by_place);
	for (uint32_t i = 0; i < model->count; i++) {
		if (i == 0 ||
		    fl_claim_of(&items[i - 1])->entry != fl_claim_of(&items[i])->entry) {
			key = &model->keys[model->key_count++];
			*key = (struct fl_model_key){.first = i, .line = i};
		}
		key->end = i + 1;
		if (!fl_item_waits(&items[i]))
			key->line = i + 1;
		items[i].key = model->key_count - 1;
	}
	for (uint32_t k = 0; k < model->key_count; k++)
		settle_line(model, &model->keys[k]);
}

static void due(struct fl_model *model, uint32_t k)
{
	struct fl_model_key *key = &model->keys[k];

	if (key->due)
		return;
	key->due = true;
	key->next = model->due;
	model->due = k;
}

uint64_t fl_item_units(const struct fl_model *model, const struct fl_item *item)
{
	const struct fl_claim *claim = fl_claim_of(item);

	return model->table->modes->rows[claim->mode].unit * claim->n;
}

static void put_in(struct fl_model *model, struct fl_item *item)
{
	item->units = fl_item_units(model, item);
	item->in = true;
	model->keys[item->key].word += item->units;
}

/* All is in its place: what is held, what waits. */
static void begin(struct fl_model *model)
{
	model->due = FL_NONE;
	for (uint32_t i = 0; i < model->count; i++) {
		struct fl_item *item = &model->items[i];
		struct fl_model_owner *owner = &model->owners[item->owner];

		item->next = owner->first;
		owner->first = i;
		item->stuck = fl_item_waits(item);
		owner->stuck += item->stuck;
		if (!item->stuck)
			put_in(model, item);
		due(model, item->key);
	}
}

int fl_model_make(struct fl_model *model, fifolock_table_t *table)
{
	size_t count;

	*model = (struct fl_model){.table = table};
	if (fl_records_see(table->records, &model->all))
		return ENOMEM;
	fl_records_see_again(table->records, &model->all);
	count = model->all.count;
	if (count >= FL_NONE)
		return ENOMEM;
	model->items = fl_memory(NULL, (count + 1) * sizeof(*model->items));
	model->keys = fl_memory(NULL, (count + 1) * sizeof(*model->keys));
	model->owners = fl_memory(NULL, (count + 1) * sizeof(*model->owners));
	model->scratch = fl_memory(NULL, (count + 1) * sizeof(*model->scratch));
	if (!model->items || !model->keys || !model->owners || !model->scratch)
		return ENOMEM;
	make_items(model);
	make_owners(model);
	make_keys(model);
	begin(model);
	return 0;
}

void fl_model_free(struct fl_model *model)
{
	free(model->items);
	free(model->keys);
	free(model->owners);
	free(model->scratch);
	fl_records_forget(&model->all);
}

/* ---- run ---- */

bool fl_item_fits(const struct fl_model *model, const struct fl_item *item, uint64_t word)
{
	const fifolock_modes_t *modes = model->table->modes;
	const struct fl_claim *claim = fl_claim_of(item);
	struct fl_want want = fl_want(&modes->rows[claim->mode], claim->mode, claim->n);

	return fl_want_fits(modes, &want, word);
}

/* The hold that a conversion gives: its owner's, if it has one of that mode.  NULL: it is gone. */
struct fl_item *fl_item_given(const struct fl_model *model, const struct fl_item *item)
{
	const struct fl_model_key *key = &model->keys[item->key];
	struct fl_item *given = NULL;

	if (fl_claim_of(item)->from < 0)
		return NULL;
	for (uint32_t i = key->first; i < key->line; i++) {
		struct fl_item *hold = &model->items[i];

		if (!hold->in ||
		    fl_claim_of(hold)->mode != (uint32_t)fl_claim_of(item)->from)
			continue;
		given = hold;
		if (hold->owner == item->owner)
			break;
	}
	return given;
}

static void take_out(struct fl_model *model, struct fl_item *item)
{
	model->keys[item->key].word -= item->units;
	item->in = false;
	due(model, item->key);
}

/* It waits for nothing any more: it goes on, and gives everything back. */
static void let_go(struct fl_model *model, const struct fl_model_owner *owner)
{
	for (uint32_t i = owner->first; i != FL_NONE; i = model->items[i].next)
		if (model->items[i].in)
			take_out(model, &model->items[i]);
}

static void waits_no_more(struct fl_model *model, struct fl_item *item)
{
	struct fl_model_owner *owner = &model->owners[item->owner];

	item->stuck = false;
	if (--owner->stuck == 0)
		let_go(model, owner);
}

/* As the lock would: from the head of the line, as far as it fits. */
static void go_on(struct fl_model *model, struct fl_model_key *key)
{
	for (uint32_t i = key->line; i < key->end; i++) {
		struct fl_item *item = &model->items[i], *given;

		if (!item->stuck)
			continue;
		given = fl_item_given(model, item);
		if (!fl_item_fits(model, item, key->word - (given ? given->units : 0)))
			break;
		if (given)
			take_out(model, given);
		put_in(model, item);
		waits_no_more(model, item);
	}
}

static void run_due(struct fl_model *model)
{
	while (model->due != FL_NONE) {
		struct fl_model_key *key = &model->keys[model->due];

		model->due = key->next;
		key->due = false;
		go_on(model, key);
	}
}

void fl_model_run(struct fl_model *model)
{
	for (uint32_t i = 0; i < model->owner_count; i++)
		if (!model->owners[i].stuck)
			let_go(model, &model->owners[i]);
	run_due(model);
}

void fl_model_leave(struct fl_model *model, uint32_t item)
{
	due(model, model->items[item].key);
	waits_no_more(model, &model->items[item]);
	run_due(model);
}
