/* Private to config/: values of the network and of countries, read from nodes with errors that say what was meant. */
#ifndef PF_CONFIG_VALUES_H
#define PF_CONFIG_VALUES_H

#include "config/reader.h"

/* An address, or a network without host bits. False after an error. */
bool value_prefix(struct reader *reader, const struct node *node, const char *key,
                  struct prefix *prefix);
/* The same of a part of the node's text. */
bool value_prefix_text(struct reader *reader, const struct node *node, const char *key,
                       const char *text, struct prefix *prefix);
bool value_addr(struct reader *reader, const struct node *node, const char *key, struct addr *addr);
/* An address with a port. */
bool value_addr_port(struct reader *reader, const struct node *node, const char *key,
                     uint16_t port_default, struct addr_port *addr_port);
/* A domain name, Unicode as A-labels (UTS 46, IDNA 2008). False after an error. */
bool value_name(struct reader *reader, const struct node *node, const char *key,
                struct dns_name *name);
bool value_mac(struct reader *reader, const struct node *node, struct mac *mac);

/* One code or bloc, or a list of them, without doubles; with `may_negate` `!CN` too, for all or for none. */
void value_countries(struct reader *reader, const struct node *node, const char *key,
                     bool may_negate, struct config_countries *countries);

/* "64M": bytes with an optional K, M or G (powers of 1024). */
bool value_size(struct reader *reader, const struct node *node, const char *key, uint64_t min,
                uint64_t max, uint64_t *bytes);

/* YAML 1.1 knows many spellings of the same two words: 1 for on, 0 for off, -1 for anything else (told
 * nobody). */
int value_switch(const struct node *node);

#endif
