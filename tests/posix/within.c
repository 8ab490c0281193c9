/* SPDX-License-Identifier: MIT
 *
 * within.c - a library whose constructor calls the program that opens it: while the program holds
 * the locks of the dynamic linker.
 */
extern void within_loading(void);

__attribute__((constructor)) static void calls_back(void)
{
	within_loading();
}
