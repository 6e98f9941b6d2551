/* Groups of countries under one name, out of the files in src/config/blocs/, which say as of when and from where. They are
 * built into the program, so that the same configuration means the same on every machine of one version. */
#ifndef PF_CONFIG_BLOCS_H
#define PF_CONFIG_BLOCS_H

#include <stddef.h>

#include "value/facts.h"

#define BLOC_MEMBERS_MAX 30 /* members of the largest bloc (EEA) */
#define BLOC_TEXT_MAX 160

struct bloc {
	const char *name;           /* "EU" */
	char title[BLOC_TEXT_MAX];  /* "European Union" */
	char date[11];              /* "2026-01-01" */
	char source[BLOC_TEXT_MAX]; /* where its members are listed */
	size_t count;
	struct country members[BLOC_MEMBERS_MAX];
};

size_t blocs_count(void);
void bloc_get(size_t index, struct bloc *bloc);

#endif
