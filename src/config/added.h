/* Private to config/: the rules that people added while the daemon runs, see CONFIG_ADDED_RULES. */
#ifndef PF_CONFIG_ADDED_H
#define PF_CONFIG_ADDED_H

#include "config/reader.h"

struct added {
	const char *file; /* the configuration's */
	struct tree tree;
	const struct node *rules; /* NULL: there are none */
};

/* Reads them, from the reader's `added` when it has that, else from the state directory. What is wrong with the file as a whole is
 * told; one that this user may not read gives a warning. Needs added_close in any case. */
void added_open(struct reader *reader, struct added *added);
void added_close(struct added *added);

#endif
