package greeting

import kotlinx.coroutines.delay
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.decodeFromJsonElement
import kotlinx.serialization.json.encodeToJsonElement
import org.apache.commons.text.WordUtils
import slipway.Request
import slipway.Response
import kotlin.time.Duration.Companion.milliseconds

@Serializable
data class Person(
    val name: String = "World",
)

@Serializable
data class Greeting(
    val message: String,
)

private val json = Json { ignoreUnknownKeys = true }

suspend fun main(
    req: Request,
    res: Response,
) {
    val person = json.decodeFromJsonElement<Person>(req.payload)
    req.log("greeting ${person.name}")
    // Whatever else is to be awaited: a database, another service.
    delay(1.milliseconds)
    res.json(json.encodeToJsonElement(Greeting("Hello ${WordUtils.capitalize(person.name)}")))
}
