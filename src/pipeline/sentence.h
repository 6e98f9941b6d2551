/* The one sentence that explains a verdict, the same in the EDE text, the journal, the API and the
 * command. */
#ifndef PF_PIPELINE_SENTENCE_H
#define PF_PIPELINE_SENTENCE_H

#include "dns/answer.h"
#include "journal/record.h"
#include "pipeline/query.h"
#include "pipeline/snapshot.h"

#define SENTENCE_MAX 900 /* bytes; longer names are cut, never the verdict */
#define SENTENCE_NO_RULE "allowed: no rule matched"

/* `sole` is that of the query's name (struct finish); `answer` and `facts` may be NULL when no answer was asked for. Returns its length. */
size_t sentence_write(char out[SENTENCE_MAX], const struct snapshot *snapshot,
                      const struct query *query, const struct verdict *verdict,
                      const struct list_sole *sole, const struct answer *answer,
                      const struct answer_facts *facts);

struct finish;
/* Adds why the house itself answers, or takes addresses out, to what is in `out` already. */
void sentence_add_house(char out[SENTENCE_MAX], const struct query *query,
                        const struct finish *finish);

/* What each location database says of an address: "dbip 2026-06 CN, geo-whois 2026-06 CN". */
void sentence_evidence(char out[RECORD_EVIDENCE_MAX], const struct geo *geo,
                       const struct address_facts *facts);

#endif
