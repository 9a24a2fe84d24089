package slipway

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs

class ResponseTest {
    @Test
    fun `the first answer counts, and a second one fails`() {
        val res = Response()
        res.send("first", 201, mapOf("set-cookie" to listOf("a=1", "b=2")))
        assertFailsWith<IllegalStateException> { res.send("second") }
        val given = assertIs<Answer>(res.given)
        assertEquals("first", String(given.body))
        assertEquals(listOf("set-cookie" to "a=1", "set-cookie" to "b=2"), given.headers)
    }

    @Test
    fun `what HTTP can't carry fails, and stays the answer`() {
        val wrong =
            listOf<(Response) -> Unit>(
                { it.send("x", 600) },
                { it.send("x", headers = mapOf("no token" to "1")) },
                { it.send("x", headers = mapOf("x-a" to "1\r\nx-b: 2")) },
                { it.send("x", headers = mapOf("x-a" to 1)) },
                { it.json(Double.NaN) },
            )
        for (answer in wrong) {
            val res = Response()
            assertFailsWith<IllegalArgumentException> { answer(res) }
            assertIs<Unfit>(res.given)
            assertFailsWith<IllegalStateException> { res.send("after all") }
        }
    }

    @Test
    fun `half a character becomes U+FFFD, and what stands beside it stays`() {
        val res = Response()
        res.send("é\uD800\uD834\uDD1E")
        assertEquals("é\uFFFD\uD834\uDD1E", String(assertIs<Answer>(res.given).body))
    }

    @Test
    fun `a value that holds itself can't be sent, however little room its thread has`() {
        val cycle = ArrayList<Any>().apply { add(this) }
        val res = Response()
        val thread = Thread(null, { runCatching { res.json(cycle) } }, "little", 1)
        thread.start()
        thread.join()
        assertIs<Unfit>(res.given)
    }

    @Test
    fun `bytes are the answer's own`() {
        val bytes = byteArrayOf(1, 2)
        val res = Response()
        res.send(bytes)
        bytes[0] = 9
        assertEquals(1, (res.given as Answer).body[0])
    }
}
