import { answerOrders } from "../../json/large/orders.ts";
import type { ReadingOrder } from "../../json/large/body-reader.ts";
import { examplesDocument } from "./examples-document.ts";

answerOrders(({ body }: ReadingOrder) => examplesDocument(body));
