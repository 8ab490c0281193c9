/* SPDX-License-Identifier: MIT
 *
 * cycle.c - orders of locks that cannot all be: looks for them in the graph of order.c, and
 * reports them.
 *
 * A cycle is a danger if at each of its locks the thread that asks can be kept waiting by
 * the thread that holds.  In the order asked that need not be because the two modes
 * conflict.  It is enough that a thread asks for the lock, and waits, in a mode which does
 * not fit beside the hold: any that asks later, in whatever mode, stands behind.  So two
 * threads that hold SHARED on a lock each and ask for SHARED on the other's can wait for
 * ever, if EXCLUSIVE is asked for on both.  A mode that no thread has ever waited for keeps
 * no thread waiting, so it is not reported until then.
 *
 * If two of the edges of a cycle, by two threads, were only ever seen under one and the same other
 * lock, held alone, then they are never there at once.
 */
#include "order.h"
#include "report.h"

#include <stddef.h>

#define STEPS 16384u
#define SHOWN 12u

struct step {
	uint32_t before; /* in steps */
	struct fl_node_ref node;
};

struct search {
	struct fl_node_ref goal;
	uint32_t made, done;
	uint64_t visited[FL_ORDER_NODES / 64];
	struct step steps[STEPS];
};

/* The edges of a cycle, from the one that closes it on, and how many there are to be shown. */
struct cycle {
	uint32_t length, shown;
	struct fl_edge edges[SHOWN];
};

static bool visit(struct search *search, uint32_t id)
{
	uint64_t bit = UINT64_C(1) << id % 64;
	bool first = !(search->visited[id / 64] & bit);

	search->visited[id / 64] |= bit;
	return first;
}

static bool is_goal(const struct search *search, struct fl_node_ref ref)
{
	return ref.id == search->goal.id && ref.life == search->goal.life;
}

/* Can a thread that asks for the edge's beginning be kept waiting by its hold? */
static bool keeps_waiting(const struct fl_edge *edge)
{
	struct fl_node node;
	uint32_t asked;

	return fl_node_read(edge->from, &node, &asked) &&
	       (node.keeps[edge->held_mode] & asked);
}

/* The edges of one step: true, the goal is behind one of them. */
static bool expand(struct search *search, uint32_t at)
{
	struct fl_node_ref node = search->steps[at].node;
	const struct fl_cell *cell = NULL;
	struct fl_edge edge;

	while ((cell = fl_edge_next(node, cell, &edge))) {
		bool over = is_goal(search, edge.to);

		if (!keeps_waiting(&edge) || (!over && !visit(search, edge.to.id)))
			continue;
		if (search->made == STEPS)
			return false;
		search->steps[search->made++] =
			(struct step){.before = at, .node = edge.to};
		if (over)
			return true;
	}
	return false;
}

/* From start, breadth first, so the shortest way: its last step, or 0. */
static uint32_t find_way(struct search *search, struct fl_node_ref start)
{
	search->steps[0] = (struct step){.node = start};
	search->made = 1;
	for (search->done = 0; search->done < search->made; search->done++)
		if (expand(search, search->done))
			return search->made - 1;
	return 0;
}

static bool find_edge(struct fl_node_ref from, struct fl_node_ref to,
		      struct fl_edge *edge)
{
	const struct fl_cell *cell = NULL;

	while ((cell = fl_edge_next(from, cell, edge)))
		if (edge->to.id == to.id && edge->to.life == to.life &&
		    keeps_waiting(edge))
			return true;
	return false;
}

/* The way's edges, from its start on, behind those that the cycle has.  False: one has gone
 * meanwhile. */
static bool add_way(struct cycle *cycle, const struct search *search, uint32_t last)
{
	uint32_t place;

	for (uint32_t at = last; at; at = search->steps[at].before)
		cycle->length++;
	cycle->shown = cycle->length < SHOWN ? cycle->length : SHOWN;
	place = cycle->length;
	for (uint32_t at = last; at; at = search->steps[at].before) {
		const struct step *step = &search->steps[at];

		if (--place < SHOWN && !find_edge(search->steps[step->before].node,
						  step->node, &cycle->edges[place]))
			return false;
	}
	return true;
}

static bool share_gate(const struct fl_edge *a, const struct fl_edge *b)
{
	for (unsigned i = 0; i < FL_ORDER_GATES; i++)
		for (unsigned j = 0; j < FL_ORDER_GATES; j++)
			if (a->gates[i] && a->gates[i] == b->gates[j])
				return true;
	return false;
}

/* Has b been asked for by a thread that still held what a began with?  If it held more than are
 * remembered, that may be. */
static bool goes_on(const struct fl_edge *a, const struct fl_edge *b)
{
	struct fl_node node;
	uint32_t asked;

	if (b->gates[FL_ORDER_GATES - 1] || !fl_node_read(a->from, &node, &asked))
		return true;
	for (unsigned i = 0; i < FL_ORDER_GATES; i++)
		if (b->gates[i] == node.lock)
			return true;
	return false;
}

/* Edges in a row that one thread may have made, one in the other, are one wait: those have a gate in
 * common without being kept apart by it. */
static bool is_gated(const struct cycle *cycle)
{
	uint32_t run[SHOWN] = {0};

	for (uint32_t i = 1; i < cycle->shown; i++)
		run[i] = goes_on(&cycle->edges[i - 1], &cycle->edges[i]) ? run[i - 1] : i;
	for (uint32_t i = 0; i < cycle->shown; i++)
		for (uint32_t j = 0; j < i; j++)
			if (run[i] != run[j] &&
			    share_gate(&cycle->edges[i], &cycle->edges[j]))
				return true;
	return false;
}

/* ---- the report ---- */

static void add_node(struct fl_text *text, struct fl_node_ref ref)
{
	struct fl_node node;
	uint32_t asked;

	if (!fl_node_read(ref, &node, &asked)) {
		fl_text_add(text, "a lock that is gone");
		return;
	}
	fl_text_add(text, "lock ");
	fl_text_hex(text, node.lock);
	fl_text_add(text, node.name[0] ? " " : "");
	fl_text_add(text, node.name);
}

static void add_mode(struct fl_text *text, const char *name, unsigned mode)
{
	if (name[0]) {
		fl_text_add(text, name);
		return;
	}
	fl_text_add(text, "mode ");
	fl_text_number(text, mode);
}

static void add_edge(struct fl_text *text, const struct fl_edge *edge)
{
	fl_text_add(text, "\n    thread ");
	fl_text_number(text, edge->tid);
	fl_text_add(text, " held ");
	add_node(text, edge->from);
	fl_text_add(text, " ");
	add_mode(text, edge->held_name, edge->held_mode);
	fl_text_add(text, " since ");
	fl_text_call(text, (const char *)(uintptr_t)edge->held_call,
		     (const void *)(uintptr_t)edge->held_at);
	fl_text_add(text, "\n        and asked for ");
	add_node(text, edge->to);
	fl_text_add(text, " ");
	add_mode(text, edge->asked_name, edge->asked_mode);
	fl_text_add(text, ": ");
	fl_text_call(text, (const char *)(uintptr_t)edge->asked_call,
		     (const void *)(uintptr_t)edge->asked_at);
}

/* All places: so two inversions by one wrapper function are told apart if their callers are. */
static uint64_t places_of(const struct cycle *cycle)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cycle->shown; i++)
		sum = (sum * 31 + cycle->edges[i].held_at) * 31 +
		      cycle->edges[i].asked_at;
	return sum;
}

static void report_cycle(const struct cycle *cycle, struct fl_node_ref node,
			 const struct fl_site *site, bool closes)
{
	struct fl_report report = {
		.kind = "order", .site = site, .other = places_of(cycle)};
	struct fl_text *text = fl_report_begin(&report);
	struct fl_node last;
	uint32_t asked;

	if (!text)
		return;
	if (fl_node_read(closes ? cycle->edges[0].to : node, &last, &asked))
		report.lock = (const fifolock_t *)(uintptr_t)last.lock;
	fl_text_here(text, site);
	fl_text_add(text, closes ? "locks are taken in an order that has been another:"
				 : "with this mode asked for, these orders of locks can "
				   "wait for each other:");
	for (uint32_t i = 0; i < cycle->shown; i++)
		add_edge(text, &cycle->edges[i]);
	if (cycle->length > cycle->shown) {
		fl_text_add(text, "\n    and ");
		fl_text_number(text, cycle->length - cycle->shown);
		fl_text_add(text, " more");
	}
	fl_text_add(text,
		    "\n    Threads that do so at the same time can wait for each other "
		    "for ever: take the locks in one order everywhere");
	fl_report_end(&report);
}

static void look(struct search *search, const struct fl_edge *edge,
		 struct fl_node_ref node, const struct fl_site *site)
{
	struct cycle cycle = {.length = 0};
	uint32_t last;

	if (edge)
		cycle.edges[cycle.length++] = *edge;
	search->goal = node;
	last = find_way(search, edge ? edge->to : node);
	if (last && add_way(&cycle, search, last) && !is_gated(&cycle))
		report_cycle(&cycle, node, site, edge);
}

void fl_cycle_look(const struct fl_edge *edge, struct fl_node_ref node,
		   const struct fl_site *site)
{
	struct search *search;
	struct fl_edge any;

	/* Mostly nothing leads on from what is asked for. */
	if (!fl_edge_next(edge ? edge->to : node, NULL, &any) ||
	    (edge && !keeps_waiting(edge)))
		return;
	search = fl_map(sizeof(*search));
	if (!search)
		return;
	look(search, edge, node, site);
	fl_unmap(search, sizeof(*search));
}
