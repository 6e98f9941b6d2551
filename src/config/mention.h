/* A list as a rule mentions it: by its name, or by its name and what of it counts:
 *
 *     lists: [tv, {name: native, evidence: B}, {name: "!cameras", kinds: required}]
 *
 * The second is a list of its own, which nobody has written down: the same file, of which fewer lines are taken. So what decides, explains
 * and counts knows lists only, and `portafilter lists` shows how many lines such a mention leaves. */
#ifndef PF_CONFIG_MENTION_H
#define PF_CONFIG_MENTION_H

#include "config/reader.h"

#define LIST_NAME_MAX 128 /* bytes, NUL included: it stands in replies and in the journal */

/* One item of a rule's `lists`. */
void mention_read(struct reader *reader, const struct node *node, struct config_rule *rule);

/* `kinds` and `evidence`, of a list and of a mention alike. */
void marks_read_kinds(struct reader *reader, const struct node *node, struct marks_wanted *marks);
void marks_read_evidence(struct reader *reader, const struct node *node,
                         struct marks_wanted *marks);

#endif
