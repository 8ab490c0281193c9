/* SPDX-License-Identifier: MIT
 *
 * print.h - keys and modes as text: for people, and in JSON.
 */
#ifndef FL_PRINT_H
#define FL_PRINT_H

#include <fifolock/table.h>

/* An integer as such; bytes in quotes, or as x'00ff' if they are no UTF-8. */
void fl_print_key(FILE *out, fifolock_key_t key);
/* An integer as such; bytes as a string, or as {"hex": "00ff"}. */
void fl_print_json_key(FILE *out, fifolock_key_t key);

/* A string in JSON, with its quotes. */
void fl_print_json_text(FILE *out, const char *text);

/* The name of the mode, or its number; in JSON a string. */
void fl_print_mode(FILE *out, const fifolock_modes_t *modes, unsigned mode);
void fl_print_json_mode(FILE *out, const fifolock_modes_t *modes, unsigned mode);

/* 0: the thread itself. */
void fl_print_owner(FILE *out, uint64_t owner, int thread);
/* What is held or wanted, and for how long.  from: a conversion; otherwise -1. */
void fl_print_claim(FILE *out, const fifolock_modes_t *modes, int from, unsigned mode,
		    uint32_t n, uint64_t age_ns);

#endif
