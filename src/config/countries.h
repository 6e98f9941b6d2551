/* Private to config/: countries and blocs as words of the configuration. */
#ifndef PF_CONFIG_COUNTRIES_H
#define PF_CONFIG_COUNTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/blocs.h"
#include "value/facts.h"

#define COUNTRIES_MAX 250 /* all that there are */

/* "CN", "cn", "EU": fills `found` and returns how many, 0 when the word is neither a country nor a bloc.
 * `renamed`: it is written otherwise in ISO 3166-1 (UK is GB). */
size_t countries_find(const char *word, struct country found[BLOC_MEMBERS_MAX], bool *renamed);

/* The code that "CHN", "China" or "Chna" may have meant, and its name; NULL: no idea. */
const char *countries_suggest(const char *word, const char **name);

#endif
