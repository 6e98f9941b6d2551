/* Private to config/: `during`, when in the week a rule acts. */
#ifndef PF_CONFIG_DURING_H
#define PF_CONFIG_DURING_H

#include "config/reader.h"

/* The field's reader; `target` is the struct config_rule. */
void match_during(struct reader *reader, const struct node *node, void *target);
void during_free(struct config_during *during);

#endif
