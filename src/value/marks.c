/* Words of marks. */
#include "value/marks.h"

const char *const mark_kind_words[MARK_KIND_COUNT] = {"telemetry", "required", "update", "unknown",
                                                      "resolver"};
