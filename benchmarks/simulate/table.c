/* SPDX-License-Identifier: MIT
 *
 * table.c - figures as a table, or a line of JSON each.
 */
#include "table.h"

#include <stdio.h>

void table_head(const struct load *load)
{
	printf("%u processors, %u ns inside, %u ns outside, %u %% shared; per operation\n"
	       "%-13s %4s %6s %8s  %-24s %-13s %-18s\n"
	       "%-13s %4s %6s %8s  %6s %6s %5s %5s %6s %6s %5s %6s %5s\n",
	       load->processors, load->section, load->think, load->shared, "", "", "M/s",
	       "cpu ns", "lock's line", "transfers of", "path", "", "thr", "", "", "rmw",
	       "loads", "wait", "tran", "others", "data", "tran", "ns", "part");
}

void table_row(const char *row, const struct load *load, const struct figures *f)
{
	printf("%-13s %4u %6.2f %8.0f  %6.2f %6.1f %5.1f %5.1f %6.2f %6.2f %5.2f %6.0f "
	       "%5.2f\n",
	       row, load->threads, f->millions, f->processor_ns, f->lock_changes,
	       f->lock_loads, f->waiting_loads, f->lock_transfers, f->other_transfers,
	       f->data_transfers, f->path_transfers, f->path_ns, f->waited_for);
}

void json_row(const char *row, const struct load *load, const struct figures *f)
{
	printf("{\"row\": \"%s\", \"processors\": %u, \"threads\": %u, \"section_ns\": "
	       "%u, "
	       "\"think_ns\": %u, \"shared_percent\": %u, \"millions_a_second\": %.4f, "
	       "\"processor_ns\": %.1f, \"lock_changes\": %.4f, \"lock_loads\": %.4f, "
	       "\"lock_waiting_loads\": %.4f, \"lock_transfers\": %.4f, "
	       "\"other_transfers\": %.4f, \"data_transfers\": %.4f, "
	       "\"path_transfers\": %.4f, \"path_ns\": %.1f, \"waited_for\": %.4f}\n",
	       row, load->processors, load->threads, load->section, load->think,
	       load->shared, f->millions, f->processor_ns, f->lock_changes, f->lock_loads,
	       f->waiting_loads, f->lock_transfers, f->other_transfers, f->data_transfers,
	       f->path_transfers, f->path_ns, f->waited_for);
}
