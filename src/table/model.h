/* SPDX-License-Identifier: MIT
 *
 * model.h - the holds and the lines of a table at one moment, on which a search tries what would
 * happen.
 */
#ifndef FL_MODEL_H
#define FL_MODEL_H

#include "seen.h"

#define FL_NONE UINT32_MAX

/* A hold, or a request in line. */
struct fl_item {
	const struct fl_seen *seen;
	uint32_t key;
	uint32_t owner;
	uint32_t next;	/* of the same owner */
	uint32_t early; /* positions in line, if its place is not known otherwise */
	uint32_t late;
	bool stuck;    /* it waits, as far as is known by now for ever */
	bool verified; /* it was in line indeed */
	bool in;       /* units are in its key's word */
	uint64_t units;
};

/* Its items are in a row: the holds, and then the line. */
struct fl_model_key {
	uint32_t first;
	uint32_t line;
	uint32_t end;
	uint64_t word; /* what is held */
	bool unsure;   /* in which order the line is */
	bool due;      /* its line may go on */
	uint32_t next; /* that is due */
};

struct fl_model_owner {
	uint32_t first;
	uint32_t stuck; /* how many of its requests are */
	uint32_t step;	/* of the walk that has come here */
	bool in_closure;
};

struct fl_model {
	fifolock_table_t *table;
	struct fl_seen_all all;
	struct fl_item *items;
	struct fl_model_key *keys;
	struct fl_model_owner *owners;
	uint32_t *scratch; /* one for each owner */
	uint32_t count;
	uint32_t key_count;
	uint32_t owner_count;
	uint32_t due;
};

/* As it was at one moment of the call.  ENOMEM.  In any case free it. */
int fl_model_make(struct fl_model *model, fifolock_table_t *table);
void fl_model_free(struct fl_model *model);

/* Let all owners go on that can: what is stuck then waits for ever. */
void fl_model_run(struct fl_model *model);

/* A stuck request leaves. */
void fl_model_leave(struct fl_model *model, uint32_t item);

uint64_t fl_item_units(const struct fl_model *model, const struct fl_item *item);

/* Would a request be granted beside these units, if no other one were in line? */
bool fl_item_fits(const struct fl_model *model, const struct fl_item *item,
		  uint64_t word);

/* The hold that a conversion gives.  NULL: none. */
struct fl_item *fl_item_given(const struct fl_model *model, const struct fl_item *item);

static inline const struct fl_claim *fl_claim_of(const struct fl_item *item)
{
	return &item->seen->was;
}

static inline bool fl_item_waits(const struct fl_item *item)
{
	return item->seen->was.state == FL_RECORD_WAITS;
}

#endif
