/* SPDX-License-Identifier: MIT
 *
 * serve_inside.c - src/api/serve.c with rows as long as the program says.
 */
#include "core/pass.h"
#include "seam.h"

#undef FL_ROW
#define FL_ROW ex_row_most()
#include "../../src/api/serve.c"
