/* Private to match/: the automatons of many expressions, packed; each is run over a text by itself, in one pass. */
#ifndef PF_MATCH_AUTOMATON_H
#define PF_MATCH_AUTOMATON_H

#include "base/error.h"
#include "match/expression.h"

struct automatons;

struct automatons *automatons_new(void);
void automatons_free(struct automatons **automatons);
/* Numbered as they are added, from 0. PF_OK; PF_EFULL when all together have too many classes that no other has; PF_ENOMEM. */
PF_MUST_CHECK int automatons_add(struct automatons *automatons,
                                 const struct expression *expression);
size_t automatons_bytes(const struct automatons *automatons);

/* Over a text between TEXT_BEGIN and TEXT_END: does it match somewhere? A byte costs a step for each edge of the positions in
 * force, EXPRESSION_EDGES_MAX at worst and two or three mostly. */
bool automatons_run(const struct automatons *automatons, size_t number, const char *text,
                    size_t length);

#endif
