package slipway.server

import io.netty.buffer.Unpooled
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

internal class BodyTest {
    @Test
    fun `pieces are one body, up to the limit`() {
        val body = Body(10)
        for (piece in listOf("", "abc", "d", "efghi")) assertTrue(body.add(Unpooled.copiedBuffer(piece, Charsets.UTF_8)))
        assertFalse(body.add(Unpooled.copiedBuffer("jk", Charsets.UTF_8)))
        assertTrue(body.add(Unpooled.copiedBuffer("j", Charsets.UTF_8)))
        assertContentEquals("abcdefghij".toByteArray(), body.toBytes())
    }
}
