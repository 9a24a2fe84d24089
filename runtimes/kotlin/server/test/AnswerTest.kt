package slipway.server

import slipway.Answer
import kotlin.test.Test
import kotlin.test.assertEquals

internal class AnswerTest {
    private fun names(vararg headers: Pair<String, String>) =
        Outgoing.given(Answer(200, headers.toList(), "text/plain", ByteArray(0)), "id").headers.map { it.first.toString() }

    @Test
    fun `what is not the function's to say is dropped`() {
        val headers = names("X-Runtime-Error" to "timeout", "Connection" to "close", "Content-Length" to "1", "x-kept" to "1")
        assertEquals(listOf("x-kept", "content-type", "x-runtime-invocation-id"), headers)
    }

    @Test
    fun `the function's own type goes out once`() {
        assertEquals(listOf("Content-Type", "x-runtime-invocation-id"), names("Content-Type" to "a/B", "content-type" to "c/d"))
    }
}
