/* Applies queries to documents in memory. */
#ifndef PATH_RUN_H
#define PATH_RUN_H

#include "path.h"

/* Where a query is applied, and who gets the nodes, in the order of RFC 9535. */
typedef struct {
    Doc *doc;
    uint32_t root;                               /* what $ is in filters */
    bool (*visit)(void *context, uint32_t node); /* false to stop */
    void *context;
} PathRun;

/* Applies segments to a node; false when it was stopped. */
bool path_run(const PathRun *run, const Segment *segment, uint32_t node);

/* Tells whether a filter lets a node pass. */
bool path_filter(const PathRun *run, Expression *filter, uint32_t node);

#endif
