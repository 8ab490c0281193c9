/* SPDX-License-Identifier: MIT
 *
 * table.c - rows of text, printed in columns as wide as they have to be.
 */
#define _GNU_SOURCE
#include "table.h"
#include "texts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Characters, not bytes. */
static int width(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

void table_add(struct table *table, char *const row[TABLE_COLUMNS])
{
	table->rows = must_have(
		reallocarray(table->rows, table->count + 1, sizeof(table->rows[0])));
	memcpy(table->rows[table->count++], row, sizeof(table->rows[0]));
	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		if (width(row[i]) > table->widths[i])
			table->widths[i] = width(row[i]);
}

static void print_text(const struct table *table, unsigned row, unsigned column,
		       enum colour text_colour)
{
	const char *text = table->rows[row][column];
	int space = table->widths[column] - width(text);
	bool right = (table->right >> column & 1) != 0;
	bool last = column + 1 == TABLE_COLUMNS;
	bool plain = column != table->coloured || text_colour == PLAIN;

	printf("  %*s%s%s%s%*s", right ? space : 0, "", plain ? "" : colour(text_colour),
	       text, plain ? "" : colour(PLAIN), right || last ? 0 : space, "");
}

void table_print(const struct table *table, unsigned first, unsigned end,
		 enum colour text_colour)
{
	for (unsigned row = first; row < end; row++) {
		for (unsigned column = 0; column < TABLE_COLUMNS; column++)
			if (table->widths[column] > 0)
				print_text(table, row, column, text_colour);
		putchar('\n');
	}
}

void table_free(struct table *table)
{
	for (unsigned row = 0; row < table->count; row++)
		for (unsigned column = 0; column < TABLE_COLUMNS; column++)
			free(table->rows[row][column]);
	free(table->rows);
	*table = (struct table){0};
}
