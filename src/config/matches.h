/* Private to config/: what a rule may match on, one field's reader for each key; `target` is the struct config_rule. */
#ifndef PF_CONFIG_MATCHES_H
#define PF_CONFIG_MATCHES_H

#include "config/reader.h"

#define MATCH_VALUES_MAX \
	1024 /* names, addresses or networks in one rule; more of them are a list */

void match_tags(struct reader *reader, const struct node *node, void *target);
void match_tags_all(struct reader *reader, const struct node *node, void *target);
void match_names(struct reader *reader, const struct node *node, void *target);
void match_lists(struct reader *reader, const struct node *node, void *target);
void match_types(struct reader *reader, const struct node *node, void *target);
void match_standing(struct reader *reader, const struct node *node, void *target);
void match_confidence(struct reader *reader, const struct node *node, void *target);
void match_location(struct reader *reader, const struct node *node, void *target);
void match_control(struct reader *reader, const struct node *node, void *target);
void match_asn(struct reader *reader, const struct node *node, void *target);
void match_addresses(struct reader *reader, const struct node *node, void *target);
void match_cname(struct reader *reader, const struct node *node, void *target);

#endif
