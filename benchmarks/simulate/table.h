/* SPDX-License-Identifier: MIT
 *
 * table.h - what is printed.
 */
#ifndef SIM_TABLE_H
#define SIM_TABLE_H

#include "cells.h"

void table_head(const struct load *load);
void table_row(const char *row, const struct load *load, const struct figures *figures);
void json_row(const char *row, const struct load *load, const struct figures *figures);

int compare_with_measured(void);
int check_limits(void);

#endif
