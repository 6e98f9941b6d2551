/* Private to config/: patterns of names, as rules write them. */
#ifndef PF_CONFIG_PATTERN_H
#define PF_CONFIG_PATTERN_H

#include "config/reader.h"

/* "a.example", "*.example" or "/regex/"; Unicode names become A-labels (UTS 46, IDNA 2008). Regular expressions
 * are compiled by the policy. Fills `pattern` as far as it is right; its memory is owned by the configuration. */
void pattern_read(struct reader *reader, const struct node *node, const char *key,
                  struct config_pattern *pattern);
/* The same of a part of the node's text. */
void pattern_read_text(struct reader *reader, const struct node *node, const char *text,
                       struct config_pattern *pattern);
void pattern_deinit(struct config_pattern *pattern);

#endif
