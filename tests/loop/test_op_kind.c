/* The table of operations. */
#include "test.h"

#include "loop/io.h"

/* What is forgotten in a row would be found at the first use of it, on one backend perhaps. */
TEST_PLAIN(op_kind_each_has_a_whole_row)
{
    for (int code = 1; code < EDDY__OP_KINDS; code++) {
        const struct eddy__op_kind *kind = &eddy__op_kinds[code];

        CHECK(kind->check && kind->perform);
        CHECK(kind->opcode);
        CHECK_INT(kind->event != 0, kind->attempt != NULL);
        CHECK(!kind->event || kind->prepare);
        CHECK(!kind->alone || (kind->look && !kind->event));
    }
}
