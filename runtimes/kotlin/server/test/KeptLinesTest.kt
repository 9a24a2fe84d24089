package slipway.server

import org.junit.Assert.assertEquals
import org.junit.Test
import slipway.Level

class KeptLinesTest {
    @Test
    fun `the newest lines are kept`() {
        val kept = KeptLines()
        repeat(3) { kept.add(Line("", Level.INFO, "x".repeat(Contract.RESULT_LOG_BYTES / 2))) }
        kept.add(Line("", Level.ERROR, "newest"))
        val (lines, isTruncated) = kept.take()
        assertEquals(listOf(2, true, "newest"), listOf(lines.size, isTruncated, lines.last().message))
    }

    @Test
    fun `empty lines are not kept without end`() {
        val kept = KeptLines()
        repeat(Contract.RESULT_LOG_BYTES + 1) { kept.add(Line("", Level.INFO, "")) }
        val (lines, isTruncated) = kept.take()
        assertEquals(listOf(Contract.RESULT_LOG_BYTES, true), listOf(lines.size, isTruncated))
    }
}
