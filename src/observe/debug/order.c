/* SPDX-License-Identifier: MIT
 *
 * order.c - the order of locks: which lock has been asked for by a thread that held which.
 *
 * Locks are the nodes of a graph, by address, each in one of its lives; "held this and asked for
 * that" is an edge.  The thread that closes a cycle is reported (cycle.c).  As in Linux's
 * lockdep, an edge is from what a thread has taken last, and from what it took before only
 * as far as the first that it has waited for: from there the edges exist.  A try and a
 * deadline end a wait, and make no edge to the lock; what they have taken is held like
 * anything else.
 *
 * All of it is bounded: a node or an edge for which there is no room takes another's place, and then
 * an order is forgotten, never invented.
 *
 *	relaxed   because
 *	[SEEN]    A number that says that all this has been done for it.  It orders nothing.
 */
#include "order.h"
#include "core/atomic.h"
#include "report.h"

#include <stddef.h>

#define BUCKETS 16384u
#define EDGES	131072u
#define SEEN	65536u

static uint32_t buckets[BUCKETS];
static struct fl_cells nodes = {.words = sizeof(struct fl_node) / 8,
				.most = FL_ORDER_NODES - 1};
static struct fl_cells edges = {.words = sizeof(struct fl_edge) / 8, .most = EDGES};
static uint64_t seen[SEEN];

_Static_assert(sizeof(struct fl_node) % 8 == 0, "nodes are words");
_Static_assert(sizeof(struct fl_edge) % 8 == 0, "edges are words");

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	return a ^ a >> 29;
}

/* ---- nodes ---- */

static struct fl_node_ref ref_of(const struct fl_cell *cell, uint64_t state)
{
	return (struct fl_node_ref){cell ? cell->id : 0, fl_cell_life(state)};
}

static bool same(struct fl_node_ref a, struct fl_node_ref b)
{
	return a.id == b.id && a.life == b.life;
}

static uint32_t *bucket_of(uint64_t lock)
{
	return &buckets[mix(1, lock) % BUCKETS];
}

static struct fl_cell *find(uint64_t lock, struct fl_node *node, uint64_t *state)
{
	struct fl_cell *cell = fl_cell_first(&nodes, bucket_of(lock));

	for (; cell; cell = fl_cell_after(&nodes, cell))
		if (fl_cell_read(&nodes, cell, node, state) && node->lock == lock)
			return cell;
	return NULL;
}

bool fl_node_read(struct fl_node_ref ref, struct fl_node *node, uint32_t *asked)
{
	uint64_t state;

	if (!fl_cell_read(&nodes, fl_cell_at(&nodes, ref.id), node, &state) ||
	    fl_cell_life(state) != ref.life)
		return false;
	*asked = fl_cell_count(state) & ~FL_NODE_LIVE;
	return true;
}

/* Which modes do not fit beside one hold of mode? */
static uint16_t kept_out(const fifolock_modes_t *modes, unsigned mode)
{
	uint16_t out = 0;

	for (unsigned m = 0; m < modes->count; m++) {
		const struct fifolock_row *row = &modes->rows[m];

		if (!fl_bits_fit(row->bias, row->guard, modes->rows[mode].unit))
			out |= (uint16_t)(1u << m);
	}
	return out;
}

static struct fl_node describe(const fifolock_t *lock)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_node node = {.lock = (uintptr_t)lock};
	struct fl_text text = {node.name, node.name + sizeof(node.name) - 1};

	for (unsigned m = 0; m < modes->count; m++)
		node.keeps[m] = kept_out(modes, m);
	fl_text_lock_name(&text, lock);
	return node;
}

/* One that is there makes room. */
static void evict(uint32_t *bucket)
{
	struct fl_cell *cell = fl_cell_first(&nodes, bucket);
	uint64_t state = cell ? fl_cell_state(cell) : 0;

	if (cell && !(state & FL_CELL_BUSY) && fl_cell_count(state))
		fl_cell_set(cell, &state, 0);
}

static struct fl_node_ref node_of(const fifolock_t *lock)
{
	struct fl_node node;
	uint64_t state;
	struct fl_cell *cell = find((uintptr_t)lock, &node, &state);

	if (cell)
		return ref_of(cell, state);
	node = describe(lock);
	cell = fl_cell_new(&nodes, bucket_of(node.lock), &node, FL_NODE_LIVE);
	if (!cell) {
		evict(bucket_of(node.lock));
		cell = fl_cell_new(&nodes, bucket_of(node.lock), &node, FL_NODE_LIVE);
	}
	return ref_of(cell, cell ? fl_cell_state(cell) : 0);
}

void fl_order_forget(const fifolock_t *lock)
{
	struct fl_node node;
	uint64_t state;
	struct fl_cell *cell = find((uintptr_t)lock, &node, &state);
	uint32_t life = cell ? fl_cell_life(state) : 0;

	while (cell && fl_cell_life(state) == life && !fl_cell_set(cell, &state, 0))
		;
}

/* No thread that waits has asked for this mode before? */
static bool asks_first(struct fl_node_ref ref, unsigned mode)
{
	struct fl_cell *cell = fl_cell_at(&nodes, ref.id);
	uint64_t state = fl_cell_state(cell);
	uint32_t bit = UINT32_C(1) << mode;

	while (fl_cell_life(state) == ref.life && !(fl_cell_count(state) & bit))
		if (fl_cell_set(cell, &state, fl_cell_count(state) | bit))
			return true;
	return false;
}

/* ---- edges ---- */

static uint32_t *list_of(struct fl_node_ref ref)
{
	return &fl_cell_at(&nodes, ref.id)->list;
}

struct fl_cell *fl_edge_next(struct fl_node_ref from, const struct fl_cell *after,
			     struct fl_edge *edge)
{
	struct fl_cell *cell = after ? fl_cell_after(&edges, after)
				     : fl_cell_first(&edges, list_of(from));
	struct fl_node node;
	uint32_t asked;
	uint64_t state;

	for (; cell; cell = fl_cell_after(&edges, cell))
		if (fl_cell_read(&edges, cell, edge, &state) && same(edge->from, from) &&
		    fl_node_read(edge->to, &node, &asked))
			return cell;
	return NULL;
}

/* One of the list whose lock's life is over, or that of another lock that was this node. */
static void put(const struct fl_edge *edge)
{
	uint32_t *list = list_of(edge->from);
	struct fl_cell *cell = fl_cell_first(&edges, list);
	struct fl_edge old;
	struct fl_node node;
	uint32_t asked;
	uint64_t state;

	for (; cell; cell = fl_cell_after(&edges, cell))
		if (fl_cell_read(&edges, cell, &old, &state) &&
		    !(same(old.from, edge->from) &&
		      fl_node_read(old.to, &node, &asked)) &&
		    fl_cell_rewrite(&edges, cell, state, edge))
			return;
	fl_cell_new(&edges, list, edge, 1);
}

static bool has_gate(const struct fl_edge *edge, uint64_t gate)
{
	for (unsigned i = 0; i < FL_ORDER_GATES; i++)
		if (edge->gates[i] == gate)
			return true;
	return false;
}

/* Only what is held each time is a gate.  False: it is as it was. */
static bool lose_gates(struct fl_edge *known, const struct fl_edge *now)
{
	bool lost = false;

	for (unsigned i = 0; i < FL_ORDER_GATES; i++)
		if (known->gates[i] && !has_gate(now, known->gates[i])) {
			known->gates[i] = 0;
			lost = true;
		}
	return lost;
}

/* What there is to know of it is there.  False: there is nothing new. */
static bool learn(struct fl_edge *edge)
{
	struct fl_edge known;
	struct fl_cell *cell = NULL;
	uint64_t state;

	while ((cell = fl_edge_next(edge->from, cell, &known)))
		if (same(known.to, edge->to) && known.held_mode == edge->held_mode)
			break;
	if (!cell) {
		put(edge);
		return true;
	}
	if (!lose_gates(&known, edge))
		return false;
	state = fl_cell_state(cell);
	fl_cell_rewrite(&edges, cell, state, &known);
	*edge = known;
	return true;
}

static uint64_t key_of(const struct fl_edge *edge)
{
	uint64_t key = mix(1, (uint64_t)edge->from.id << 32 | edge->from.life);

	key = mix(key, (uint64_t)edge->to.id << 32 | edge->to.life);

	for (unsigned i = 0; i < FL_ORDER_GATES; i++)
		key = mix(key, edge->gates[i]);
	return mix(key, edge->held_mode) | 1;
}

/* Another thread does the same with an edge that closes the same cycle: each writes the serial
 * between, so one of them finds the other's. */
static void add_edge(struct fl_edge *edge, const struct fl_site *site)
{
	uint64_t key = key_of(edge);
	uint64_t *mark = &seen[key / 2 % SEEN];

	if (fl_load_relaxed(mark) == key) /* [SEEN] */
		return;
	if (learn(edge)) {
		fl_serial_new();
		fl_cycle_look(edge, edge->from, site);
	}
	fl_store_relaxed(mark, key); /* [SEEN] */
}

/* ---- a thread asks ---- */

static void copy(char *to, const char *from, size_t room)
{
	for (size_t i = 0; from && from[i] && i + 1 < room; i++)
		to[i] = from[i];
}

/* The oldest that it holds so that no other thread can. */
static void find_gates(const struct fl_thread *self, struct fl_edge *edge, uint64_t from,
		       uint64_t to)
{
	struct fl_hold hold;
	uint32_t count;
	unsigned n = 0;

	for (uint32_t i = 0; i < self->top && i < 16 && n < FL_ORDER_GATES; i++)
		if (fl_hold_nth(self, i, &hold, &count) && hold.alone &&
		    hold.lock != from && hold.lock != to)
			edge->gates[n++] = hold.lock;
}

static void asks_with(const struct fl_thread *self, const struct fl_hold *hold,
		      struct fl_edge *edge, uint64_t to, const struct fl_site *site)
{
	struct fl_node node;
	uint64_t state;
	const struct fl_cell *cell = find(hold->lock, &node, &state);

	if (!cell)
		return;
	edge->from = ref_of(cell, state);
	edge->held_mode = hold->mode;
	edge->held_call = hold->call;
	edge->held_at = hold->at;
	copy(edge->held_name, hold->name, FL_MODE_NAME);
	find_gates(self, edge, hold->lock, to);
	add_edge(edge, site);
}

static void asks_with_all(struct fl_thread *self, const fifolock_t *lock,
			  const struct fl_edge *asked, const struct fl_site *site)
{
	uint64_t to = (uintptr_t)lock;
	struct fl_hold hold;
	uint32_t count;

	for (uint32_t i = self->top; i > 0; i--) {
		struct fl_edge edge = *asked;

		if (!fl_hold_nth(self, i - 1, &hold, &count) || hold.lock == to)
			continue;
		asks_with(self, &hold, &edge, to, site);
		if (hold.waited)
			break;
	}
}

static bool of_interest(const fifolock_t *lock)
{
	return fl_debug_orders() && !fl_modes_of(lock)->compatible;
}

void fl_order_meets(const fifolock_t *lock)
{
	if (of_interest(lock))
		node_of(lock);
}

/* A handler that comes meanwhile leaves the thread's list alone. */
void fl_order_asks(const fifolock_t *lock, unsigned mode, const struct fl_site *site)
{
	struct fl_thread *self = fl_thread_self();
	struct fl_edge edge = {.asked_call = (uintptr_t)site->call,
			       .asked_at = (uintptr_t)site->at,
			       .asked_mode = (uint16_t)mode};

	if (!site->waits || !of_interest(lock) || !self || self->busy)
		return;
	edge.to = node_of(lock);
	edge.tid = self->tid;
	if (!edge.to.id)
		return;
	copy(edge.asked_name, fl_modes_of(lock)->names[mode], FL_MODE_NAME);
	self->busy = 1;
	fl_handler_fence();
	if (asks_first(edge.to, mode)) {
		fl_serial_new();
		fl_cycle_look(NULL, edge.to, site);
	}
	asks_with_all(self, lock, &edge, site);
	fl_handler_fence();
	self->busy = 0;
}
