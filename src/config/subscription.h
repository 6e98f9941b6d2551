/* Private to config/: where a list comes from when it is no file of the owner's: the keys `url` and `rpz` and
 * what goes with them. */
#ifndef PF_CONFIG_SUBSCRIPTION_H
#define PF_CONFIG_SUBSCRIPTION_H

#include "config/reader.h"

/* Fields' readers; `target` is the struct config_list. */
void subscription_url(struct reader *reader, const struct node *node, void *target);
void subscription_refresh(struct reader *reader, const struct node *node, void *target);
void subscription_timeout(struct reader *reader, const struct node *node, void *target);
void subscription_max_size(struct reader *reader, const struct node *node, void *target);
void subscription_allow_private(struct reader *reader, const struct node *node, void *target);
void subscription_ca_file(struct reader *reader, const struct node *node, void *target);
void subscription_rpz(struct reader *reader, const struct node *node, void *target);

/* Gives a subscribed list the path of its copy, `<state>/lists/<name>-<hash of where it comes from>`: a copy
 * that came from elsewhere is never taken for it. */
void subscription_place(struct reader *reader, struct config_list *list);
void subscription_defaults(struct config_list *list);
void subscription_deinit(struct config_list *list);

#endif
