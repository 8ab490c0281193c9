/* SPDX-License-Identifier: MIT
 *
 * kv_store.h - what kv_server.c knows of kv_store.c.
 */
#ifndef KV_STORE_H
#define KV_STORE_H

#include <fifolock/table.h>

#define KV_KEYS	  32  /* of one transaction, of one SUM */
#define KV_KEY	  32  /* a key has fewer bytes */
#define KV_ANSWER 128 /* an answer has fewer */

struct kv_held {
	struct kv_entry *entry;
	bool written;
	long long before; /* its value, if it has been written since */
	fifolock_hold_t hold;
};

/* All zero at first. */
struct kv_transaction {
	bool begun; /* by BEGIN.  Otherwise a transaction is one command. */
	size_t n;
	struct kv_held held[KV_KEYS];
};

/* An errno. */
int kv_open(void);
int kv_close(void);

/* Execute a line, which is changed. */
void kv_execute(struct kv_transaction *t, char *line, char answer[KV_ANSWER]);

/* End the transaction, if there is one.  If not commit, values are again what they were. */
void kv_end(struct kv_transaction *t, bool commit);

#endif
