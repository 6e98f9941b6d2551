/* Private to config/: the readers of the sections, one for each key of the file's first level, in the order in which they are
 * read: rules come last, because they speak of tags, lists, home and databases. */
#ifndef PF_CONFIG_SECTIONS_H
#define PF_CONFIG_SECTIONS_H

#include "config/reader.h"

/* A field's reader; `target` is the struct config. */
void section_listen(struct reader *reader, const struct node *node, void *target);
void section_allow_from(struct reader *reader, const struct node *node, void *target);
void section_rate_limit(struct reader *reader, const struct node *node, void *target);
void section_upstreams(struct reader *reader, const struct node *node, void *target);
void section_dnssec(struct reader *reader, const struct node *node, void *target);
void section_recursion(struct reader *reader, const struct node *node, void *target);
void section_cache(struct reader *reader, const struct node *node, void *target);
void section_geo(struct reader *reader, const struct node *node, void *target);
void section_tags(struct reader *reader, const struct node *node, void *target);
void section_devices(struct reader *reader, const struct node *node, void *target);
void section_home(struct reader *reader, const struct node *node, void *target);
void section_tag_rules(struct reader *reader, const struct node *node, void *target);
void section_trusted_forwarders(struct reader *reader, const struct node *node, void *target);
void section_leases(struct reader *reader, const struct node *node, void *target);
void section_new_for(struct reader *reader, const struct node *node, void *target);
void section_silent_after(struct reader *reader, const struct node *node, void *target);
void section_vendors(struct reader *reader, const struct node *node, void *target);
void section_lists(struct reader *reader, const struct node *node, void *target);
void section_rules(struct reader *reader, const struct node *node, void *target);
void section_bootstrap(struct reader *reader, const struct node *node, void *target);
void section_notify(struct reader *reader, const struct node *node, void *target);
void section_journal(struct reader *reader, const struct node *node, void *target);
void section_recognise(struct reader *reader, const struct node *node, void *target);
void section_hosts(struct reader *reader, const struct node *node, void *target);
void section_hosts_file(struct reader *reader, const struct node *node, void *target);
void section_forward(struct reader *reader, const struct node *node, void *target);
void section_escape_hatches(struct reader *reader, const struct node *node, void *target);
void section_rebinding(struct reader *reader, const struct node *node, void *target);

/* listen.web. */
void section_web(struct reader *reader, const struct node *node, void *target);
void default_web(struct reader *reader);

/* listen.certificate, and where it is when nothing is said: in the state directory. */
void section_certificate(struct reader *reader, const struct node *node, void *target);
void section_discovery(struct reader *reader, const struct node *node, void *target);
void default_certificate(struct reader *reader);

/* journal.also. */
void sinks_read(struct reader *reader, const struct node *node, void *target);

/* Zones and the servers of each; `what` names one of them. */
void value_forwards(struct reader *reader, const struct node *node, const char *key,
                    const char *what, struct config_forward **forwards, size_t *count);

/* What stands when a key is not there. */
void default_listen(struct reader *reader);
void default_cache(struct reader *reader);     /* before the section is read */
void default_recursion(struct reader *reader); /* before the section is read */
void forward_deinit(struct config_forward *forward);

/* The recursor takes the place of the upstreams; `pos` is that of the key which wants it. */
void finish_recursion(struct reader *reader, struct config_pos pos);
void default_allow_from(struct reader *reader);
void default_rate_limit(struct reader *reader); /* before the section is read */
void finish_rate_limit(struct reader *reader);  /* exempts trusted-forwarders */
void default_upstreams(struct reader *reader);  /* resolv.conf, without ourselves */
void default_geo(struct reader *reader);
void default_state(struct reader *reader);
void default_recognise(struct reader *reader);

/* The index of a tag that a device gets, made when it is new; -1 after an error. */
int tag_new(struct reader *reader, const struct node *node, const char *text);
int read_new_tag(struct reader *reader, const struct node *node, const char *key);

/* A duration, or `off`: SILENT_AFTER_OFF. */
void read_silent_after(struct reader *reader, const struct node *node, int64_t *duration_us);

/* Warnings about rules that can never hold with these databases and this home. */
void rules_check_possible(struct reader *reader);
/* And about one whose keys contradict each other. */
void rule_check_contradictions(struct reader *reader, const struct config_rule *rule);

/* Frees one rule's, device's or list's parts. */
void device_deinit(struct config_device *device);
void tag_rule_deinit(struct config_tag_rule *rule);
void rule_deinit(struct config_rule *rule);
void recursion_deinit(struct config_recursion *recursion);
void local_deinit(struct config *config); /* hosts, forward, rebinding */

#endif
