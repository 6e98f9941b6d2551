/* Private to policy/: rules that can never decide, because an earlier one always does. Their author believes that they
 * act. */
#ifndef PF_POLICY_SHADOW_H
#define PF_POLICY_SHADOW_H

#include "base/diag.h"
#include "config/config.h"

/* Does the earlier rule decide wherever the later one could? Says yes only when it is sure: both are of one stage, and
 * all that the later one asks for implies all that the earlier one does. Who adds a key to rules adds it here: one that is forgotten makes this lie. */
bool policy_shadows(const struct config_rule *earlier, const struct config_rule *later);

/* A warning for each rule that is shadowed, at its position, with the other's name and line. */
void policy_warn_of_shadows(const struct config *config, struct diag *diag);

#endif
