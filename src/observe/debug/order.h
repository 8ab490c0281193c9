/* SPDX-License-Identifier: MIT
 *
 * order.h - in which order threads take locks, for the debug build (order.c, cycle.c).
 */
#ifndef FL_ORDER_H
#define FL_ORDER_H

#include "records.h"

/* The thread has the lock: it is known from now on. */
void fl_order_meets(const fifolock_t *lock);

/* This thread asks for the lock, with what it holds: reports an order that has been the other
 * way round. */
void fl_order_asks(const fifolock_t *lock, unsigned mode, const struct fl_site *site);

/* What was known of the lock is of another one that was there.  Signal handlers may call it. */
void fl_order_forget(const fifolock_t *lock);

/* ---- between order.c and cycle.c ---- */

#define FL_ORDER_GATES 4
#define FL_ORDER_NODES 65536u

/* A lock.  Its cell's count has LIVE and which modes have been asked for by threads that
 * wait; the cell's list is that of its edges. */
#define FL_NODE_LIVE (UINT32_C(1) << 31)

struct fl_node {
	uint64_t lock;
	uint16_t keeps[FIFOLOCK_MAX_MODES]; /* which modes one hold of a mode keeps out */
	char name[24];
};

/* A node in one of its lives. */
struct fl_node_ref {
	uint32_t id, life;
};

/* A thread that held from, in a mode, has asked for to. */
struct fl_edge {
	struct fl_node_ref from, to;
	uint64_t held_call, held_at;
	uint64_t asked_call, asked_at;
	uint32_t tid;
	uint16_t held_mode, asked_mode;
	char held_name[FL_MODE_NAME], asked_name[FL_MODE_NAME];
	uint64_t gates
		[FL_ORDER_GATES]; /* locks it held besides, alone, each time; 0: none */
};

/* False: it is over. */
bool fl_node_read(struct fl_node_ref ref, struct fl_node *node, uint32_t *asked);

/* The next edge of a node behind after (NULL: the first) that is not over. */
struct fl_cell *fl_edge_next(struct fl_node_ref from, const struct fl_cell *after,
			     struct fl_edge *edge);

/* Is there a way from the edge's end to its beginning by which all can wait for each other?
 * Reports it.  Or, edge NULL, from a node to itself, which site asks for in a mode in which
 * no thread has asked for it before. */
void fl_cycle_look(const struct fl_edge *edge, struct fl_node_ref node,
		   const struct fl_site *site);

#endif
